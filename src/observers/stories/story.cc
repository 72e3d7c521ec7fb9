// The form of a story in memory: a fixed part, its texts, then the decisions, each with its subject and facts.
#include "observers/stories/story.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/short_text.h"
#include "observers/stories/story_ring.h"

namespace weir {
namespace {

enum class Text : std::uint8_t {
  request_id,
  configuration,
  listener,
  method,
  authority,
  target,
  route,
  filters,
  upstream,
  endpoint,
};
constexpr std::size_t texts = 10;

constexpr std::uint32_t has_not_happened = UINT32_MAX;

struct Fixed {
  std::uint32_t bytes = 0;  // story_ring.h writes it
  Status status = 0;
  std::uint8_t decisions = 0;
  bool complete = false;
  std::array<std::uint16_t, texts> text_bytes{};
  std::uint16_t peer_port = 0;
  std::uint16_t attempts = 0;
  std::uint16_t steps_entered = 0;
  Version version = Version::http_1_1;
  bool over_unix = false;
  bool cut = false;
  bool failed = false;
  std::array<std::uint32_t, moments> at{};  // microseconds
  std::int64_t ended = 0;
  std::int64_t duration = 0;
  std::int64_t connected_for = 0;
  ByteCount request_body_bytes = 0;
  ByteCount response_body_bytes = 0;
  IpAddress client;
  IpAddress peer;
  Error error;
};
static_assert(std::is_trivially_copyable_v<Fixed>);

/// Static words and file names are never given back: pointers to them are enough.
struct FixedDecision {
  const char* room;
  const char* verdict;
  const char* reason;
  const std::string* file;
  std::int64_t at;
  std::uint32_t line;
  std::uint32_t column;
  std::uint16_t subject_bytes;
  std::uint16_t facts_bytes;
  std::uint8_t room_bytes;
  std::uint8_t verdict_bytes;
  std::uint8_t reason_bytes;
  std::uint8_t unused;
};
static_assert(std::is_trivially_copyable_v<FixedDecision> && sizeof(FixedDecision) == 56);

std::uint32_t microseconds(Time from, Time to) {
  if (to == Time{}) return has_not_happened;
  const std::int64_t passed = std::max<std::int64_t>(0, (to - from).count() / 1000);
  return static_cast<std::uint32_t>(std::min<std::int64_t>(passed, has_not_happened - 1));
}

std::uint8_t short_length(std::string_view word) {
  return static_cast<std::uint8_t>(std::min<std::size_t>(word.size(), UINT8_MAX));
}

// Filters may have put another authority in its place; the host field keeps what the client wrote.
std::string_view authority_asked_for(const RequestHead& request) {
  const Field* host = request.fields.find(FieldName::host);
  return host != nullptr ? host->value : request.authority;
}

class Writer {
 public:
  explicit Writer(char* room) : begin_(room), place_(room + sizeof(Fixed)) {}

  void text(Text which, std::string_view text) {
    if (text.size() > text_bytes_max) fixed.cut = true;
    const std::size_t bytes = std::min(text.size(), text_bytes_max);
    if (bytes > left()) {
      fixed.cut = true;
      return;
    }
    fixed.text_bytes[static_cast<std::size_t>(which)] = static_cast<std::uint16_t>(bytes);
    place_ = copy_short(place_, text.substr(0, bytes));
  }

  /// Facts go first when room is short: a story without them still tells what happened.
  void decision(const DecisionRecord& record, Time began) {
    const std::size_t subject = std::min(record.subject.size(), text_bytes_max);
    if (fixed.decisions == UINT8_MAX || sizeof(FixedDecision) + subject > left()) {
      fixed.cut = true;
      return;
    }
    const bool facts_fit = sizeof(FixedDecision) + subject + record.facts.size() <= left();
    const std::string_view facts = facts_fit ? record.facts : std::string_view();
    if (!facts_fit || subject < record.subject.size()) fixed.cut = true;
    const FixedDecision decided{.room = record.room.data(),
                                .verdict = record.verdict.data(),
                                .reason = record.reason.data(),
                                .file = record.place.file_name,
                                .at = (record.at - began).count(),
                                .line = record.place.line,
                                .column = record.place.column,
                                .subject_bytes = static_cast<std::uint16_t>(subject),
                                .facts_bytes = static_cast<std::uint16_t>(facts.size()),
                                .room_bytes = short_length(record.room),
                                .verdict_bytes = short_length(record.verdict),
                                .reason_bytes = short_length(record.reason),
                                .unused = 0};
    std::memcpy(place_, &decided, sizeof(decided));
    place_ = copy_short(place_ + sizeof(decided), record.subject.substr(0, subject));
    place_ = copy_short(place_, facts);
    ++fixed.decisions;
  }

  std::size_t end() {
    std::memcpy(begin_, &fixed, sizeof(fixed));
    return (static_cast<std::size_t>(place_ - begin_) + 7) / 8 * 8;
  }

  Fixed fixed;

 private:
  [[nodiscard]] std::size_t left() const { return story_bytes_max - static_cast<std::size_t>(place_ - begin_); }

  char* begin_;
  char* place_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T value() {
    T out;
    std::memcpy(&out, bytes(sizeof(T)).data(), sizeof(T));
    return out;
  }
  std::string_view bytes(std::size_t count) {
    invariant(count <= rest_.size(), "a story is read as it was written");
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }

 private:
  std::string_view rest_;
};

StoryDecision read_decision(Reader& reader) {
  const auto fixed = reader.value<FixedDecision>();
  StoryDecision decision{.room = {fixed.room, fixed.room_bytes},
                         .verdict = {fixed.verdict, fixed.verdict_bytes},
                         .subject = {},
                         .reason = {fixed.reason, fixed.reason_bytes},
                         .place = {.file_name = fixed.file, .line = fixed.line, .column = fixed.column},
                         .at = Duration{fixed.at},
                         .facts = {}};
  decision.subject = reader.bytes(fixed.subject_bytes);
  decision.facts = reader.bytes(fixed.facts_bytes);
  return decision;
}

}  // namespace

std::size_t write_story(char* room, const Exchange& exchange, const Delivery& delivery, WallTime ended) {
  const Timings& timings = exchange.timings;
  const RequestHead& request = exchange.request;
  const Time began = timings.head_started;
  Writer writer(room);
  Fixed& fixed = writer.fixed;
  fixed.status = delivery.status;
  fixed.complete = delivery.complete;
  fixed.peer_port = exchange.client.peer_port;
  fixed.attempts = static_cast<std::uint16_t>(exchange.attempts);
  fixed.steps_entered = exchange.steps_entered;
  fixed.version = request.version;
  fixed.over_unix = exchange.client.over_unix;
  fixed.at = {microseconds(began, timings.head_read),     microseconds(began, timings.upstream_leased),
              microseconds(began, timings.upstream_sent), microseconds(began, timings.upstream_head),
              microseconds(began, timings.response_head), microseconds(began, timings.last_byte)};
  fixed.ended = ended.time_since_epoch().count();
  fixed.duration = (timings.finished - began).count();
  fixed.connected_for = (began - exchange.connection.accepted).count();
  fixed.request_body_bytes = delivery.request_body_bytes;
  fixed.response_body_bytes = delivery.response_body_bytes;
  fixed.client = exchange.client.address;
  fixed.peer = exchange.client.peer;
  fixed.failed = delivery.error != nullptr;
  if (fixed.failed) fixed.error = *delivery.error;

  writer.text(Text::request_id, exchange.request_id);
  writer.text(Text::configuration, exchange.configuration());
  writer.text(Text::listener, exchange.connection.listener_name);
  writer.text(Text::method, request.method_text);
  writer.text(Text::authority, authority_asked_for(request));
  writer.text(Text::target, request.target);
  writer.text(Text::route, exchange.route_name);
  writer.text(Text::filters, exchange.filters);
  writer.text(Text::upstream, exchange.upstream_name);
  writer.text(Text::endpoint, exchange.upstream_endpoint);
  for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
    writer.decision(*record, began);
  }
  return writer.end();
}

Story read_story(std::string_view bytes) {
  Reader reader(bytes);
  const auto fixed = reader.value<Fixed>();
  Story story;
  const std::array<std::string_view*, texts> in_order{
      &story.request_id, &story.configuration, &story.listener, &story.method,   &story.authority,
      &story.target,     &story.route,         &story.filters,  &story.upstream, &story.endpoint};
  for (std::size_t at = 0; at < texts; ++at) *in_order[at] = reader.bytes(fixed.text_bytes[at]);
  story.ended = WallTime{std::chrono::nanoseconds{fixed.ended}};
  story.duration = Duration{fixed.duration};
  story.connected_for = Duration{fixed.connected_for};
  for (std::size_t at = 0; at < moments; ++at) {
    if (fixed.at[at] != has_not_happened) story.at[at] = std::chrono::microseconds{fixed.at[at]};
  }
  story.status = fixed.status;
  story.complete = fixed.complete;
  story.cut = fixed.cut;
  if (fixed.failed) story.error = fixed.error;
  story.client = {
      .address = fixed.client, .peer = fixed.peer, .peer_port = fixed.peer_port, .over_unix = fixed.over_unix};
  story.version = fixed.version;
  story.attempts = fixed.attempts;
  story.steps_entered = fixed.steps_entered;
  story.request_body_bytes = fixed.request_body_bytes;
  story.response_body_bytes = fixed.response_body_bytes;
  for (unsigned left = fixed.decisions; left > 0; --left) story.decisions.push_back(read_decision(reader));
  return story;
}

bool has_request_id(std::string_view bytes, std::string_view id) {
  Reader reader(bytes);
  const auto fixed = reader.value<Fixed>();
  const std::size_t id_bytes = fixed.text_bytes[static_cast<std::size_t>(Text::request_id)];
  return id_bytes >= id.size() && reader.bytes(id.size()) == id;
}

bool is_notable(const Exchange& exchange, const Delivery& delivery, Duration slow) {
  if (delivery.status >= 500) return true;
  if (delivery.error != nullptr && delivery.error->origin != Origin::client) return true;
  return delivery.status != 101 && exchange.timings.finished - exchange.timings.head_started >= slow;
}

}  // namespace weir
