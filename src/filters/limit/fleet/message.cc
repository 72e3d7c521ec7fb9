// Bytes in order, and back; nothing is believed.
#include "filters/limit/fleet/message.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/invariant.h"

namespace weir::limit::fleet {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers travel little-endian");

constexpr std::uint8_t version = 2;
constexpr std::size_t head_bytes = 8;
constexpr std::size_t voters_at = 4;
constexpr std::size_t count_at = 6;
constexpr std::size_t report_entry_bytes = 8 + 4 * 4 + 2 * 8;
constexpr std::size_t ratio_entry_bytes = 8 + 3 * 4;
constexpr std::size_t question_bytes = 8 + 3 * 4;
constexpr std::size_t answer_bytes = 2 * 4 + 3 * 8;
static_assert(head_bytes + entries_max * answer_bytes <= message_bytes_max);
static_assert(owners_max <= slots, "a place stands where a slot does");

/// What an allowance may be: from one in ten years to more than any machine does.
constexpr double per_second_least = 1e-9;
constexpr double amount_most = 1e12;

template <typename T>
void put(std::string& out, T value) {
  static_assert(std::is_arithmetic_v<T>);
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

/// Takes numbers from the front; the caller has looked at the length.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T take() {
    invariant(bytes_.size() >= sizeof(T), "a message is as long as its count says");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }

 private:
  std::string_view bytes_;
};

std::string begin(MessageKind kind, std::uint8_t slot, Seat seat, std::uint16_t voters, std::size_t count) {
  invariant(count <= entries_max, "messages are bounded");
  std::string out;
  put(out, version);
  put(out, static_cast<std::uint8_t>(kind));
  put(out, slot);
  put(out, static_cast<std::uint8_t>(seat));
  put(out, voters);
  put(out, static_cast<std::uint16_t>(count));
  return out;
}

bool is_good(const Allowance& allowance) {
  return std::isfinite(allowance.per_second) && std::isfinite(allowance.burst) &&
         allowance.per_second >= per_second_least && allowance.per_second <= amount_most && allowance.burst >= 0 &&
         allowance.burst <= amount_most;
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return Cursor(bytes.substr(at)).take<std::uint16_t>();
}

/// How many entries there are; nothing unless the bytes are a message of that kind and exactly so long.
std::optional<std::size_t> entries_of(std::string_view bytes, MessageKind kind, std::size_t entry_bytes) {
  if (kind_of(bytes) != kind) return {};
  const std::size_t count = number_at(bytes, count_at);
  if (count > entries_max || bytes.size() != head_bytes + count * entry_bytes) return {};
  return count;
}

Seat seat_of(std::string_view bytes) {
  return static_cast<Seat>(bytes[3]);
}

}  // namespace

std::string write(const Report& report) {
  std::string out = begin(MessageKind::report, report.slot, report.to, report.voters, report.entries.size());
  for (const ReportEntry& entry : report.entries) {
    put(out, entry.key);
    put(out, entry.rule);
    put(out, entry.offered);
    put(out, entry.admitted);
    put(out, entry.offered_by_all);
    put(out, entry.allowance.per_second);
    put(out, entry.allowance.burst);
  }
  return out;
}

std::string write(const Ratios& ratios) {
  std::string out = begin(MessageKind::ratios, ratios.slot, ratios.from, ratios.voters, ratios.entries.size());
  for (const RatioEntry& entry : ratios.entries) {
    put(out, entry.key);
    put(out, entry.rule);
    put(out, entry.ratio);
    put(out, entry.offered_by_all);
  }
  return out;
}

std::optional<MessageKind> kind_of(std::string_view bytes) {
  if (bytes.size() < head_bytes || static_cast<std::uint8_t>(bytes[0]) != version) return {};
  const auto kind = static_cast<std::uint8_t>(bytes[1]);
  if (kind < static_cast<std::uint8_t>(MessageKind::report) || kind > static_cast<std::uint8_t>(MessageKind::answers))
    return {};
  if (static_cast<std::uint8_t>(bytes[2]) >= slots) return {};
  if (static_cast<std::uint8_t>(bytes[3]) > static_cast<std::uint8_t>(Seat::collector)) return {};
  return static_cast<MessageKind>(kind);
}

std::optional<Report> read_report(std::string_view bytes) {
  const std::optional<std::size_t> count = entries_of(bytes, MessageKind::report, report_entry_bytes);
  if (!count) return {};
  Report report{.slot = static_cast<std::uint8_t>(bytes[2]),
                .to = seat_of(bytes),
                .voters = number_at(bytes, voters_at),
                .entries = {}};
  Cursor cursor(bytes.substr(head_bytes));
  for (std::size_t at = 0; at < *count; ++at) {
    ReportEntry& entry = report.entries.emplace_back();
    entry.key = cursor.take<std::uint64_t>();
    entry.rule = cursor.take<std::uint32_t>();
    entry.offered = cursor.take<std::uint32_t>();
    entry.admitted = cursor.take<std::uint32_t>();
    entry.offered_by_all = cursor.take<std::uint32_t>();
    entry.allowance.per_second = cursor.take<double>();
    entry.allowance.burst = cursor.take<double>();
    if (!is_good(entry.allowance) || entry.admitted > entry.offered) return {};
  }
  return report;
}

std::optional<Ratios> read_ratios(std::string_view bytes) {
  const std::optional<std::size_t> count = entries_of(bytes, MessageKind::ratios, ratio_entry_bytes);
  if (!count) return {};
  Ratios ratios{.slot = static_cast<std::uint8_t>(bytes[2]),
                .from = seat_of(bytes),
                .voters = number_at(bytes, voters_at),
                .entries = {}};
  Cursor cursor(bytes.substr(head_bytes));
  for (std::size_t at = 0; at < *count; ++at) {
    RatioEntry& entry = ratios.entries.emplace_back();
    entry.key = cursor.take<std::uint64_t>();
    entry.rule = cursor.take<std::uint32_t>();
    entry.ratio = cursor.take<std::uint32_t>();
    entry.offered_by_all = cursor.take<std::uint32_t>();
  }
  return ratios;
}

std::string write(const Questions& questions) {
  std::string out = begin(MessageKind::questions, questions.place, Seat::aggregator, 0, questions.entries.size());
  for (const Question& entry : questions.entries) {
    put(out, entry.key);
    put(out, entry.rule);
    put(out, entry.cost);
    put(out, entry.number);
  }
  return out;
}

std::string write(const Answers& answers) {
  std::string out = begin(MessageKind::answers, 0, Seat::aggregator, 0, answers.entries.size());
  for (const Answer& entry : answers.entries) {
    put(out, entry.number);
    put(out, static_cast<std::uint32_t>(entry.said));
    put(out, entry.remaining);
    put(out, static_cast<std::int64_t>(entry.wait.count()));
    put(out, static_cast<std::int64_t>(entry.reset.count()));
  }
  return out;
}

std::optional<Questions> read_questions(std::string_view bytes) {
  const std::optional<std::size_t> count = entries_of(bytes, MessageKind::questions, question_bytes);
  if (!count || number_at(bytes, voters_at) != 0 || seat_of(bytes) != Seat::aggregator) return {};
  Questions questions{.place = static_cast<std::uint8_t>(bytes[2]), .entries = {}};
  Cursor cursor(bytes.substr(head_bytes));
  for (std::size_t at = 0; at < *count; ++at) {
    Question& entry = questions.entries.emplace_back();
    entry.key = cursor.take<std::uint64_t>();
    entry.rule = cursor.take<std::uint32_t>();
    entry.cost = cursor.take<std::int32_t>();
    entry.number = cursor.take<std::uint32_t>();
    if (entry.cost == 0) return {};
  }
  return questions;
}

std::optional<Answers> read_answers(std::string_view bytes) {
  const std::optional<std::size_t> count = entries_of(bytes, MessageKind::answers, answer_bytes);
  if (!count || number_at(bytes, voters_at) != 0 || bytes[2] != 0 || seat_of(bytes) != Seat::aggregator) return {};
  Answers answers;
  Cursor cursor(bytes.substr(head_bytes));
  for (std::size_t at = 0; at < *count; ++at) {
    Answer& entry = answers.entries.emplace_back();
    entry.number = cursor.take<std::uint32_t>();
    const auto said = cursor.take<std::uint32_t>();
    entry.remaining = cursor.take<std::uint64_t>();
    entry.wait = Duration{cursor.take<std::int64_t>()};
    entry.reset = Duration{cursor.take<std::int64_t>()};
    if (said > static_cast<std::uint32_t>(Said::not_owner) || entry.reset < Duration{}) return {};
    if (entry.wait < Duration{} && entry.wait != no_limit) return {};
    entry.said = static_cast<Said>(said);
  }
  return answers;
}

void keep_heaviest(std::vector<ReportEntry>& entries) {
  std::ranges::sort(entries, [](const ReportEntry& one, const ReportEntry& other) {
    return one.offered != other.offered ? one.offered > other.offered : one.key < other.key;
  });
  if (entries.size() > entries_max) entries.resize(entries_max);
}

std::uint32_t ratio_parts(double ratio) {
  return static_cast<std::uint32_t>(std::clamp(ratio, 0.0, 1.0) * 0xFFFFFFFFp0);
}

double ratio_from(std::uint32_t parts) {
  return static_cast<double>(parts) / 0xFFFFFFFFp0;
}

std::uint32_t count_parts(double count) {
  return static_cast<std::uint32_t>(std::clamp(count, 0.0, 0xFFFFFFFFp0));
}

}  // namespace weir::limit::fleet
