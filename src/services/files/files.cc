// From a request to an answer, in the order in which it happens.
#include "services/files/files.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/media_type.h"
#include "http/problem.h"
#include "runtime/elsewhere.h"
#include "server/error_reply.h"
#include "services/files/content.h"
#include "services/files/listing.h"

namespace weir {
namespace {

using files::AnswerDecision;
using files::AnswerFacts;
using files::FileEntry;
using files::FilePointer;
using files::FileStore;
using files::Resolution;

// Candidates and index files of any sane configuration are fewer.
constexpr unsigned names_per_request_max = 64;

/// Keeps an entry until the exchange is over: the head of an answer points into it.
class EntryPin final : public Finisher {
 public:
  EntryPin(FilePointer entry, FilePointer variant) : entry_(std::move(entry)), variant_(std::move(variant)) {}
  void finish(const Exchange&, const Delivery&) override {
    entry_.reset();
    variant_.reset();
  }

 private:
  FilePointer entry_;
  FilePointer variant_;
};

/// `./name/`: relative, so that it is right whatever prefix a filter has taken from the path.
std::string_view with_slash(const RequestHead& request, Arena& arena) {
  const std::string_view segment = request.path.substr(request.path.rfind('/') + 1);
  return arena.join("./", segment, "/", request.has_query ? "?" : "", request.query);
}

std::string_view decimal(ByteCount number, Arena& arena) {
  return arena.copy(fmt::format_int(number).str());
}

/// The value of Content-Range. \param bytes  of the whole file
std::string_view range_text(const ByteRange& range, ByteCount bytes, Arena& arena) {
  return arena.join("bytes ", decimal(range.first, arena), "-", decimal(range.last, arena), "/", decimal(bytes, arena));
}

/// Each range with its fields in front (RFC 9110 section 14.6); the closing boundary goes behind the last.
std::span<files::ContentPart> multipart(const RangeDecision& ranges, ByteCount bytes, std::string_view boundary,
                                        std::string_view type, Arena& arena) {
  const auto parts = arena.make_array<files::ContentPart>(ranges.count);
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const ByteRange& range = ranges.parts[at];
    parts[at] = {.before = arena.join(at == 0 ? "--" : "\r\n--", boundary, "\r\ncontent-type: ", type,
                                      "\r\ncontent-range: ", range_text(range, bytes, arena), "\r\n\r\n"),
                 .range = range};
  }
  return parts;
}

Answer answer_refusal(Exchange& exchange, Code code) {
  return error_reply(exchange, client_error(code));
}

Answer answer_method(Exchange& exchange) {
  Answer answer = answer_refusal(exchange, Code::method_not_supported);
  answer.head.fields.append(FieldName::allow, "GET, HEAD");
  return answer;
}

/// Another set of variants is another store.
std::string store_name(const FilesOptions& options) {
  std::string name = "files " + options.root;
  for (const std::string& coding : options.precompressed) name += '\0' + coding;
  return name;
}

}  // namespace

Files::Files(FilesOptions options, Place place)
    : options_(std::move(options)), place_(place), store_key_(store_name(options_)) {
  for (const std::string& text : options_.try_names) places_.candidates.push_back(files::Candidate::parse(text));
  places_.index = options_.index;
  places_.dotfiles = options_.dotfiles;
  places_.listing = options_.listing;
  for (const std::string& name : options_.precompressed) codings_.push_back(*content_coding(name));
  if (!options_.charset.empty()) charset_suffix_ = "; charset=" + options_.charset;
}

FileStore& Files::store_of(Shard& shard) const {
  return shard.state<FileStore>(store_key_,
                                [&] { return std::make_unique<FileStore>(shard, options_.root, codings_); });
}

Reply Files::handle(Exchange& exchange) const {
  const RequestHead& request = exchange.request;
  files::KnownNames names;
  if (!files::reads(request.method)) {
    record(exchange, files::method_refused, {.request = request, .names = names});
    co_return answer_method(exchange);
  }
  FileStore& store = store_of(exchange.shard);
  // What was learnt since the request came counts as known, however long the disk took for it.
  const Time since = exchange.shard.reactor.now() - limits::file_freshness;
  const files::LookUp look_up = [&store, &names, since](std::string_view name) {
    const FilePointer* const entry = store.find(name, since);
    if (entry != nullptr) names.note(**entry);
    return entry;
  };
  Resolution found = files::resolve(request.path, places_, exchange.arena, look_up);
  for (unsigned asked = 0; found.kind == Resolution::Kind::unknown && asked < names_per_request_max; ++asked) {
    CO_TRY_VOID(co_await store.learn(found.name));
    names.clear();
    found = files::resolve(request.path, places_, exchange.arena, look_up);
  }
  if (found.kind == Resolution::Kind::unknown) co_return fail(gateway_error(Code::internal));
  if (found.kind == Resolution::Kind::file) co_return answer_file(exchange, store, names, found);
  record(exchange, files::verdict_of(found), {.request = request, .names = names});
  if (found.kind == Resolution::Kind::refused) co_return fail(found.error);
  if (found.kind == Resolution::Kind::listing) co_return co_await answer_listing(exchange, store, found.name);
  Answer answer(exchange.arena);
  answer.head.status = 301;
  answer.head.fields.append(FieldName::location, with_slash(request, exchange.arena));
  answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
  co_return answer;
}

Answer Files::answer_file(Exchange& exchange, FileStore& store, const files::KnownNames& names,
                          const Resolution& found) const {
  const FilePointer& entry = found.file;
  const WallTime now = exchange.shard.reactor.wall_now();
  const AnswerDecision decision = files::decide_answer(exchange.request, entry, now);
  exchange.at_end(*exchange.arena.make<EntryPin>(entry, *decision.file));
  const FileEntry& file = **decision.file;
  record(exchange, files::verdict_of(decision, found.reason),
         {.request = exchange.request, .names = names, .entry = &entry, .now = now});
  if (decision.status == 412) return answer_refusal(exchange, Code::precondition_failed);
  if (decision.status == 416) {
    Answer answer = answer_refusal(exchange, Code::range_not_satisfiable);
    answer.head.fields.append(FieldName::content_range,
                              exchange.arena.join("bytes */", decimal(file.facts.bytes, exchange.arena)));
    return answer;
  }
  Answer answer(exchange.arena);
  answer.head.status = decision.status;
  if (decision.status != 304) {
    const std::size_t parts = decision.ranges.count;
    if (decision.status == 200 || parts == 1) {
      answer.head.fields.append(FieldName::content_type, content_type(*entry, exchange.arena));
    }
    give_parts(exchange, store, answer, *entry, decision);
  }
  describe(answer.head.fields, *entry, decision);
  return answer;
}

// The fields that 200, 206 and 304 have in common (RFC 9110 section 15.4.5).
void Files::describe(Fields& fields, const FileEntry& entry, const AnswerDecision& decision) const {
  const FileEntry& file = **decision.file;
  if (!file.etag.empty()) fields.append(FieldName::etag, file.etag);
  if (!file.last_modified.empty()) fields.append(FieldName::last_modified, file.last_modified);
  if (!options_.cache_control.empty()) fields.append(FieldName::cache_control, options_.cache_control);
  if (!entry.variants.empty()) fields.append(FieldName::vary, "accept-encoding");
  if (decision.status == 304) return;
  if (decision.coding != ContentCoding::identity) {
    fields.append(FieldName::content_encoding, text_of(decision.coding));
  }
  if (decision.status == 200) fields.append(FieldName::accept_ranges, "bytes");
}

void Files::give_parts(Exchange& exchange, FileStore& store, Answer& answer, const FileEntry& entry,
                       const AnswerDecision& decision) const {
  Arena& arena = exchange.arena;
  const FilePointer& file = *decision.file;
  const ByteCount bytes = file->facts.bytes;
  std::span<files::ContentPart> parts;
  std::string_view after;
  if (decision.status == 200) {
    if (bytes > 0) parts = arena.make_array<files::ContentPart>(1);
    if (bytes > 0) parts[0] = {.before = {}, .range = {.first = 0, .last = bytes - 1}};
  } else if (decision.ranges.count == 1) {
    parts = arena.make_array<files::ContentPart>(1);
    parts[0] = {.before = {}, .range = decision.ranges.parts[0]};
    answer.head.fields.append(FieldName::content_range, range_text(parts[0].range, bytes, arena));
  } else {
    // 128 random bits stand in no file but by design, and nobody can know them before.
    Random& random = exchange.shard.reactor.random();
    const std::string_view boundary = arena.copy(fmt::format("{:016x}{:016x}", random.next(), random.next()));
    parts = multipart(decision.ranges, bytes, boundary, content_type(entry, arena), arena);
    after = arena.join("\r\n--", boundary, "--\r\n");
    answer.head.fields.append(FieldName::content_type, arena.join("multipart/byteranges; boundary=", boundary));
  }
  ByteCount length = after.size();
  for (const files::ContentPart& part : parts) length += part.before.size() + part.range.bytes();
  answer.head.framing = {.kind = Framing::Kind::length, .length = length};
  if (exchange.request.method == Method::head || length == 0) return;
  answer.body =
      BodyPointer(arena.make<files::FileContent>(store, file, parts, after, options_.sendfile && parts.size() == 1));
}

std::string_view Files::content_type(const FileEntry& file, Arena& arena) const {
  if (!options_.types.empty()) {
    const std::string_view extension = extension_of(file.name);
    for (const auto& [name, type] : options_.types) {
      if (text::equal_ignoring_case(name, extension)) return type;
    }
  }
  if (file.media_type.empty()) return options_.default_type;
  return takes_charset(file.media_type) ? arena.join(file.media_type, charset_suffix_) : file.media_type;
}

Reply Files::answer_listing(Exchange& exchange, FileStore& store, std::string_view name) const {
  Shard& shard = exchange.shard;
  auto job = [root = store.root(), name = std::string(name), dotfiles = options_.dotfiles] {
    return files::read_directory(root, name, dotfiles);
  };
  CO_TRY(const Result<files::Listing> read,
         co_await on_disk(shard.reactor, shard.executor, std::move(job), limits::disk_patience));
  CO_TRY(const files::Listing listing, read);
  const bool json = choose_problem_format(exchange.request.fields.get(FieldName::accept)) == ProblemFormat::json;
  const std::string_view text =
      exchange.arena.copy(json ? files::render_json(listing) : files::render_html(exchange.request.path, listing));
  Answer answer(exchange.arena);
  answer.head.fields.append(FieldName::content_type, json ? "application/json" : "text/html; charset=utf-8");
  answer.head.fields.append(FieldName::cache_control, "no-cache");
  answer.head.fields.append(FieldName::vary, "accept");
  answer.head.framing = {.kind = Framing::Kind::length, .length = text.size()};
  if (exchange.request.method != Method::head) answer.body = BodyPointer(exchange.arena.make<FixedBody>(text));
  co_return answer;
}

void Files::record(Exchange& exchange, const files::RecordedVerdict& verdict, const AnswerFacts& facts) const {
  exchange.record({.room = "files",
                   .verdict = verdict.verdict,
                   .subject = options_.root,
                   .reason = verdict.reason,
                   .place = place_,
                   .facts = exchange.keeps_facts() ? files::pack(facts, exchange.arena) : ""});
}

// Looks at the disk as it is now: whoever asks may wait (the command line, or the executor).
Effect Files::rehearse(ImaginedRequest& imagined) const {
  if (!files::reads(imagined.head.method)) {
    return {.text = "refuses: files are read with GET and HEAD", .answers = true, .status = 405};
  }
  std::vector<std::pair<std::string, FilePointer>> known;
  known.reserve(names_per_request_max + 1);
  const files::LookUp look_up = [&](std::string_view name) -> const FilePointer* {
    if (known.size() > names_per_request_max) return nullptr;
    auto entry = std::make_shared<FileEntry>();
    entry->name = name;
    const auto opened = *files::open_beneath(options_.root, entry->name, files::Patience::wait);
    if (!opened) {
      entry->error = opened.error();
    } else if (opened->facts.kind != files::FileFacts::Kind::other) {
      const bool directory = opened->facts.kind == files::FileFacts::Kind::directory;
      entry->kind = directory ? FileEntry::Kind::directory : FileEntry::Kind::file;
    }
    return &known.emplace_back(name, std::move(entry)).second;
  };
  const Resolution found = files::resolve(imagined.head.path, places_, imagined.head.fields.arena(), look_up);
  switch (found.kind) {
    case Resolution::Kind::file:
      return {.text = fmt::format("serves {}/{}", options_.root, found.name), .answers = true, .status = 200};
    case Resolution::Kind::redirect:
      return {
          .text = "redirects to the directory's own address, with a slash behind it", .answers = true, .status = 301};
    case Resolution::Kind::listing:
      return {.text = fmt::format("lists {}/{}", options_.root, found.name), .answers = true, .status = 200};
    case Resolution::Kind::refused:
    case Resolution::Kind::unknown:
      break;
  }
  return {.text = fmt::format("finds nothing to serve below {} ({})", options_.root, found.reason),
          .answers = true,
          .status = status_of(found.error)};
}

}  // namespace weir
