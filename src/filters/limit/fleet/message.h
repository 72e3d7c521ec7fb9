// What members tell each other, as bytes.
//
// Problem: fifty messages a second for all rules and keys together must be small, and whatever arrives must be refused
// as a whole or understood as a whole.
// Idea: a version, a kind, a slot, a seat, how many members it speaks for, then a counted list of entries of one size,
// little-endian. A message has exactly the length that its count says. What is sealed around it (channel.h) has been
// checked before it comes here.
//
//   report   upwards    what was offered and admitted of each key since the last report, and what the sender knows of
//                       the whole: so that an aggregator that takes over does not begin blind
//   ratios   downwards  the ratio of each key, and how many members this aggregator speaks for
//
//   questions  to an owner    what keys of small limits are to be charged (owning.h), or given back; none: are you
//   there answers    back           what was decided about each, by its number
//
// Upwards is from a member to its aggregator; in a large fleet (tree.h) from a member to its collector, and from the
// collector to the aggregator. A message says which of them it is for or from, since one member may be both.
//
// A report carries the allowance itself: an aggregator need not have the rule, so that a rule may be rolled out one
// member after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "filters/limit/fleet/ratio.h"

namespace weir::limit::fleet {

/// A key of a rule, as it travels: a keyed hash that says nothing to whoever has not the fleet's secret. Two of n keys
/// are mistaken for one another with a probability below n^2 / 2^65: one in 37 million for a million keys.
using Fingerprint = std::uint64_t;

/// Which rule a fingerprint belongs to, so that a member can find its own counters.
using RuleTag = std::uint32_t;

struct ReportEntry {
  Fingerprint key = 0;
  RuleTag rule = 0;
  std::uint32_t offered = 0;
  std::uint32_t admitted = 0;
  std::uint32_t offered_by_all = 0;  ///< a second, as last told; 0: nobody has told
  Allowance allowance;
  friend bool operator==(const ReportEntry&, const ReportEntry&) = default;
};

/// Where a message is sent to, or told from.
enum class Seat : std::uint8_t { aggregator = 0, collector = 1 };

struct Report {
  std::uint8_t slot = 0;
  Seat to = Seat::aggregator;
  std::uint16_t voters = 1;  ///< for whom the sender takes the receiver's word; 0: only asks whether it is there
  std::vector<ReportEntry> entries;
  friend bool operator==(const Report&, const Report&) = default;
};

struct RatioEntry {
  Fingerprint key = 0;
  RuleTag rule = 0;
  std::uint32_t ratio = 0;  ///< in 2^32 parts; the largest number is all
  std::uint32_t offered_by_all = 0;
  friend bool operator==(const RatioEntry&, const RatioEntry&) = default;
};

struct Ratios {
  std::uint8_t slot = 0;
  Seat from = Seat::aggregator;
  std::uint16_t voters = 0;  ///< members that take this aggregator's word, itself included
  std::vector<RatioEntry> entries;
  friend bool operator==(const Ratios&, const Ratios&) = default;
};

/// Keys are spread over so many aggregators: their members' reports, and what is lost with one of them, are divided.
inline constexpr std::uint8_t slots = 3;
/// Keys that anybody keeps in mind for a slot, or knows: more than fit are each machine's own business.
inline constexpr std::size_t keys_max = limits::fleet_keys;
/// Entries of one message: the heaviest come first, the others wait for the next. 5 KiB at most.
inline constexpr std::size_t entries_max = limits::fleet_message_keys;
/// Bytes of the longest message.
inline constexpr std::size_t message_bytes_max = limits::fleet_message_bytes;

/// A key to be charged, or given back what it was charged: then nothing is answered.
struct Question {
  Fingerprint key = 0;
  RuleTag rule = 0;
  std::int32_t cost = 1;     ///< negative: to be given back
  std::uint32_t number = 0;  ///< of the asker's own; the answer has it, too
  friend bool operator==(const Question&, const Question&) = default;
};

struct Questions {
  std::uint8_t place = 0;  ///< in the order of owners the one that is asked has, for the asker
  std::vector<Question> entries;
  friend bool operator==(const Questions&, const Questions&) = default;
};

enum class Said : std::uint8_t {
  refused,
  admitted,
  not_known,  ///< this member has no such rule
  not_owner,  ///< it belongs to no majority, or another is the owner
};

struct Answer {
  std::uint32_t number = 0;
  Said said = Said::refused;
  std::uint64_t remaining = 0;
  Duration wait{};  ///< no_limit: it never would
  Duration reset{};
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Answers {
  std::vector<Answer> entries;
  friend bool operator==(const Answers&, const Answers&) = default;
};

/// How many of a key's order may become its owner.
inline constexpr std::uint8_t owners_max = 3;

std::string write(const Report& report);
std::string write(const Ratios& ratios);
std::string write(const Questions& questions);
std::string write(const Answers& answers);

/// What a message is; nothing when it is none, or of a version this one does not know.
enum class MessageKind : std::uint8_t { report = 1, ratios = 2, questions = 3, answers = 4 };
std::optional<MessageKind> kind_of(std::string_view bytes);
/// Nothing unless every byte is as it should be.
std::optional<Report> read_report(std::string_view bytes);
std::optional<Ratios> read_ratios(std::string_view bytes);
std::optional<Questions> read_questions(std::string_view bytes);
std::optional<Answers> read_answers(std::string_view bytes);

/// As many as a message holds, the heaviest first; in the order of their keys where they weigh the same, so that two
/// runs say the same.
void keep_heaviest(std::vector<ReportEntry>& entries);

/// A ratio from 0 to 1 as it travels, and back.
std::uint32_t ratio_parts(double ratio);
double ratio_from(std::uint32_t parts);
/// A count as it travels: what is larger than fits stays behind for the next report.
std::uint32_t count_parts(double count);

}  // namespace weir::limit::fleet
