// The options, with their defaults' reasons beside the fields in upstream/retry.h and upstream/hedge.h.
#include "app/config/resilience.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "http/characters.h"

namespace weir::config {
namespace {

using std::chrono::milliseconds;

/// `on: [connect, reset]`: what is not in the list is not tried again.
bool read_on(const Node& node, const Reading& reading, RetrySettings& out) {
  static const std::vector<std::string_view> words{"connect", "reset", "timeout"};
  const std::array wanted{&out.on_connect, &out.on_reset, &out.on_timeout};
  const auto read = [&](const Node& item, const Reading& at) {
    std::size_t word = 0;
    if (!option::read_word(item, at, words, word)) return false;
    *wanted[word] = true;
    return true;
  };
  for (bool* each : wanted) *each = false;
  if (!node.is_list()) return node.is_null() || read(node, reading);
  bool good = true;
  for (std::size_t index = 0; const Node& item : node.items()) good = read(item, reading.item(index++)) && good;
  return good;
}

std::string statuses_complaint(const std::vector<Status>& statuses) {
  const auto fits = [](Status status) { return (status >= 500 && status < 600) || status == 425 || status == 429; };
  const auto wrong = std::ranges::find_if_not(statuses, fits);
  if (wrong == statuses.end()) return {};
  return fmt::format("holds {}, which another try would not change; write 500 to 599, 425 or 429", *wrong);
}

std::string methods_complaint(const std::vector<std::string>& methods) {
  const auto wrong =
      std::ranges::find_if_not(methods, [](const std::string& method) { return characters::is_token(method); });
  return wrong == methods.end() ? "" : fmt::format("holds \"{}\", which is not a method", *wrong);
}

const Schema<BudgetSettings>& retry_budget_schema() {
  static const auto schema =
      Schema<BudgetSettings>("budget", "How much more an upstream is asked than it is sent requests.")
          .option("share", &BudgetSettings::share,
                  {.doc = "Of the requests of the last ten seconds.", .example = "20%"})
          .option("per_second_min", &BudgetSettings::per_second_min,
                  {.doc = "Allowed whatever the share says, so that little traffic can be tried again; of the process.",
                   .example = "10",
                   .maximum = 1'000'000})
          .shorthand("share");
  return schema;
}

/// `p95`, `p99.9`, or a duration.
bool read_after(const Node& node, const Reading& reading, HedgeSettings& out) {
  if (!option::want_scalar(node, reading, "a percentile such as p95, or a duration such as 50ms")) return false;
  std::string_view text = node.text();
  if (!text.starts_with('p')) {
    Duration after{};
    if (!option::read_duration(node, reading, after)) return false;
    if (after < milliseconds{1}) return reading.error(node, node.shown() + " is no time to wait", "write at least 1ms");
    out.after = after;
    out.after_per_mille = 0;
    return true;
  }
  text.remove_prefix(1);
  unsigned whole = 0;
  unsigned tenth = 0;
  const char* const end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, whole);
  if (read.ec == std::errc{} && read.ptr + 2 == end && *read.ptr == '.') {
    read = std::from_chars(read.ptr + 1, end, tenth);
  }
  const unsigned per_mille = whole * 10 + tenth;
  if (read.ec != std::errc{} || read.ptr != end || per_mille < 500 || per_mille > 999) {
    return reading.error(node, node.shown() + " is not a percentile from p50 to p99.9", "write p95, or 50ms");
  }
  out.after_per_mille = per_mille;
  out.after.reset();
  return true;
}

}  // namespace

const Schema<RetrySettings>& retries_schema() {
  static const auto schema =
      Schema<RetrySettings>("retries", "When a request is tried again.")
          .option("attempts", &RetrySettings::attempts_max,
                  {.doc = "Tries per request, the first included.", .example = "3", .minimum = 1, .maximum = 10})
          .custom("on", "list of connect, reset or timeout", read_on,
                  {.doc = "connect: the endpoint could not be reached or had no room, so that nothing was sent. reset: "
                          "it closed or reset the connection before it answered. timeout: its answer did not begin in "
                          "first_byte. Where it may have seen the request, only what may be repeated is.",
                   .example = "[connect, reset, timeout]",
                   .default_value = "[connect, reset]"})
          .option("statuses", &RetrySettings::statuses,
                  {.doc = "Answers that are tried again, if the request may be repeated.",
                   .example = "[502, 503]",
                   .complaint = statuses_complaint})
          .option("methods", &RetrySettings::methods,
                  {.doc = "What may be repeated after it may have been seen, in place of the idempotent methods. Name "
                          "POST only where the upstream recognises a repetition.",
                   .example = "[GET, HEAD]",
                   .complaint = methods_complaint})
          .nested("budget", &RetrySettings::budget, retry_budget_schema(),
                  {.doc = "How many of these there may be, of all requests."})
          .option("back_off", &RetrySettings::back_off_first,
                  {.doc = "The wait before a request is repeated is drawn between zero and this; the bound doubles "
                          "with each attempt.",
                   .example = "25ms",
                   .minimum = Duration::zero(),
                   .maximum = std::chrono::minutes{1}})
          .option("back_off_max", &RetrySettings::back_off_max,
                  {.doc = "Where the doubling ends.",
                   .example = "250ms",
                   .minimum = Duration::zero(),
                   .maximum = std::chrono::minutes{1}})
          .option(
              "retry_after_max", &RetrySettings::retry_after_max,
              {.doc = "The longest Retry-After that is waited for; an answer that asks for more goes to the client.",
               .example = "1s",
               .minimum = Duration::zero(),
               .maximum = std::chrono::minutes{1}})
          .bytes("held_body", &RetrySettings::body_bytes_max,
                 {.doc = "A request body is kept for another try up to this size; a longer one is sent once.",
                  .example = "64KiB",
                  .maximum = limits::replay_bytes_max})
          .bytes("held_answer", &RetrySettings::answer_bytes_max,
                 {.doc = "An answer whose length is told is read whole, up to this size, before it is passed on: one "
                         "that breaks off is then tried again like one that never began. 0: none is.",
                  .example = "64KiB",
                  .maximum = limits::replay_bytes_max})
          .shorthand("attempts");
  return schema;
}

const Schema<HedgeSettings>& hedge_schema() {
  static const auto schema =
      Schema<HedgeSettings>("hedge", "A second try at another endpoint beside one that takes long.")
          .custom("after", "percentile or duration", read_after,
                  {.doc = "When it is sent: after the time that so many percent of the upstream's answers took to "
                          "begin, of late, or after a fixed time.",
                   .example = "p95",
                   .required = true})
          .option("budget", &HedgeSettings::share,
                  {.doc = "How many there may be, of the requests of the last ten seconds.", .example = "5%"})
          .shorthand("after");
  return schema;
}

std::string field_name_complaint(const std::string& name) {
  if (name.empty()) return {};  // nothing is told
  const bool good =
      characters::is_token(name) && std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
  return good ? "" : "is not a field name in lower case; write x-request-timeout-ms";
}

}  // namespace weir::config
