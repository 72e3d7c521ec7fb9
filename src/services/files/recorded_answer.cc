// Packing, unpacking, and running the two decisions over what was unpacked.
#include "services/files/recorded_answer.h"

#include <memory>
#include <vector>

#include "contracts/packed_facts.h"

namespace weir::files {
namespace {

struct Fixed {
  Method method = Method::get;
  bool found = false;
  std::uint8_t variants = 0;
  std::uint8_t fields = 0;
  WallTime now{};
};

/// Of the file that was found, and of each of its variants.
struct FixedFile {
  ByteCount bytes = 0;
  WallTime modified{};
  ContentCoding coding = ContentCoding::identity;
  bool dated = false;  ///< has a last-modified
};

/// What decide_answer() reads of a request.
bool is_read(FieldName name) {
  switch (name) {
    case FieldName::accept_encoding:
    case FieldName::if_match:
    case FieldName::if_modified_since:
    case FieldName::if_none_match:
    case FieldName::if_range:
    case FieldName::if_unmodified_since:
    case FieldName::range:
      return true;
    default:
      return false;
  }
}

void write_file(FactsWriter& writer, const FileEntry& file, ContentCoding coding) {
  writer.value(FixedFile{.bytes = file.facts.bytes,
                         .modified = file.facts.modified,
                         .coding = coding,
                         .dated = !file.last_modified.empty()});
  writer.text(file.etag);
}

bool read_file(FactsReader& reader, FileEntry& file, ContentCoding& coding) {
  FixedFile fixed;
  std::string_view etag;
  if (!reader.value(fixed) || !reader.text(etag)) return false;
  file.kind = FileEntry::Kind::file;
  file.facts.bytes = fixed.bytes;
  file.facts.modified = fixed.modified;
  file.etag = etag;
  if (fixed.dated) file.last_modified = "dated";  // only whether there is one counts
  coding = fixed.coding;
  return true;
}

/// What was read back.
struct Recorded {
  explicit Recorded(Arena& arena) : request(arena) {}

  RequestHead request;
  std::vector<FilePointer> known;
  FilePointer entry;  // null: none was found
  WallTime now{};
};

FilePointer known_name(KnownNames::State state) {
  using State = KnownNames::State;
  auto entry = std::make_shared<FileEntry>();
  if (state == State::file) entry->kind = FileEntry::Kind::file;
  if (state == State::directory) entry->kind = FileEntry::Kind::directory;
  if (state == State::not_permitted) entry->error = client_error(Code::permission_denied);
  return entry;
}

bool read_entry(FactsReader& reader, unsigned variants, FileEntry& entry) {
  ContentCoding coding = ContentCoding::identity;
  if (!read_file(reader, entry, coding)) return false;
  for (; variants > 0; --variants) {
    auto file = std::make_shared<FileEntry>();
    if (!read_file(reader, *file, coding)) return false;
    entry.variants.push_back({.coding = coding, .file = std::move(file)});
  }
  return true;
}

bool read_recorded(std::string_view facts, Recorded& recorded) {
  FactsReader reader(facts);
  Fixed fixed;
  std::string_view states;
  if (!reader.value(fixed) || !reader.text(recorded.request.path) || !reader.text(states)) return false;
  recorded.request.method = fixed.method;
  recorded.now = fixed.now;
  for (const char state : states) recorded.known.push_back(known_name(static_cast<KnownNames::State>(state)));
  for (unsigned left = fixed.fields; left > 0; --left) {
    FieldName name{};
    std::string_view value;
    if (!reader.value(name) || !reader.text(value)) return false;
    recorded.request.fields.append(name, value);
  }
  if (fixed.found) {
    recorded.entry = std::make_shared<FileEntry>();
    if (!read_entry(reader, fixed.variants, *recorded.entry)) return false;
  }
  return reader.at_end();
}

}  // namespace

void KnownNames::note(const FileEntry& entry) {
  State state = State::missing;
  if (entry.kind == FileEntry::Kind::directory) state = State::directory;
  if (entry.kind == FileEntry::Kind::file) state = State::file;
  if (state == State::missing && entry.error.code == Code::permission_denied) state = State::not_permitted;
  if (count_ < states_.size()) states_[count_] = state;
  ++count_;
}

std::optional<std::span<const KnownNames::State>> KnownNames::all() const {
  if (count_ > states_.size()) return {};
  return std::span(states_.data(), count_);
}

std::string_view pack(const AnswerFacts& facts, Arena& arena) {
  const auto names = facts.names.all();
  if (!names) return {};
  Fixed fixed{.method = facts.request.method, .found = facts.entry != nullptr, .now = facts.now};
  for (const Field& field : facts.request.fields) fixed.fields += is_read(field.id) ? 1 : 0;
  if (fixed.found) fixed.variants = static_cast<std::uint8_t>((*facts.entry)->variants.size());
  FactsWriter writer;
  writer.value(fixed);
  writer.text(facts.request.path);
  writer.text({reinterpret_cast<const char*>(names->data()), names->size()});
  for (const Field& field : facts.request.fields) {
    if (!is_read(field.id)) continue;
    writer.value(field.id);
    writer.text(field.value);
  }
  if (fixed.found) {
    write_file(writer, **facts.entry, ContentCoding::identity);
    for (const Variant& variant : (*facts.entry)->variants) write_file(writer, *variant.file, variant.coding);
  }
  return writer.kept_in(arena);
}

RecordedVerdict verdict_of(const AnswerDecision& decision, std::string_view found_by) {
  if (decision.status == 304) return {"not_modified", decision.reason};
  if (decision.status >= 400) return {"refused", decision.reason};
  return {"served", decision.reason.empty() ? found_by : decision.reason};
}

RecordedVerdict verdict_of(const Resolution& found) {
  switch (found.kind) {
    case Resolution::Kind::redirect:
      return {"redirected", found.reason};
    case Resolution::Kind::listing:
      return {"listed", found.reason};
    default:
      return {"not_served", found.reason};
  }
}

std::optional<RecordedVerdict> decide_again(std::string_view facts, const Places& places, Arena& arena) {
  Recorded recorded(arena);
  if (!read_recorded(facts, recorded)) return {};
  if (!reads(recorded.request.method)) return method_refused;
  std::size_t asked = 0;
  const LookUp look_up = [&](std::string_view) -> const FilePointer* {
    return asked < recorded.known.size() ? &recorded.known[asked++] : nullptr;
  };
  const Resolution found = resolve(recorded.request.path, places, arena, look_up);
  if (found.kind == Resolution::Kind::unknown) return {};
  if (found.kind != Resolution::Kind::file) return verdict_of(found);
  if (recorded.entry == nullptr) return {};
  return verdict_of(decide_answer(recorded.request, recorded.entry, recorded.now), found.reason);
}

}  // namespace weir::files
