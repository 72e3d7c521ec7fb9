// Reading the members of accept-encoding, and weighing them.
#include "http/accept_encoding.h"

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

using Quality = AcceptedCodings::Quality;

constexpr std::array<std::string_view, content_coding_count> names{"identity", "gzip", "br", "zstd", "deflate"};
constexpr Quality best = 1000;

/// `0`, `0.5`, `1.000` in thousandths; nothing for anything else (RFC 9110 section 12.4.2).
std::optional<Quality> parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
  if (text.size() > 1 && text[1] != '.') return {};
  unsigned thousandths = text[0] == '1' ? best : 0;
  unsigned step = best / 10;
  for (std::size_t at = 2; at < text.size(); ++at, step /= 10) {
    if (!text::is_digit(text[at])) return {};
    thousandths += step * static_cast<unsigned>(text[at] - '0');
  }
  if (thousandths > best) return {};
  return static_cast<Quality>(thousandths);
}

struct Member {
  std::string_view name;
  Quality quality = best;
};

/// `gzip`, `gzip;q=0.5`, with optional white space around the semicolon.
std::optional<Member> parse_member(std::string_view text) {
  const std::size_t semicolon = text.find(';');
  Member member{.name = text::trim(text.substr(0, semicolon))};
  if (!characters::is_token(member.name)) return {};
  if (semicolon == std::string_view::npos) return member;
  const std::string_view weight = text::trim(text.substr(semicolon + 1));
  if (weight.size() < 2 || text::lower(weight[0]) != 'q' || weight[1] != '=') return {};
  const auto quality = parse_quality(weight.substr(2));
  if (!quality) return {};
  member.quality = *quality;
  return member;
}

}  // namespace

std::string_view text_of(ContentCoding coding) {
  return names[static_cast<std::size_t>(coding)];
}

std::optional<ContentCoding> content_coding(std::string_view name) {
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (text::equal_ignoring_case(name, names[at])) return static_cast<ContentCoding>(at);
  }
  if (text::equal_ignoring_case(name, "x-gzip")) return ContentCoding::gzip;
  return {};
}

AcceptedCodings AcceptedCodings::of(const Fields& request) {
  AcceptedCodings accepted;
  for (const Field& field : request) {
    if (field.id == FieldName::accept_encoding) accepted.take(field.value);
  }
  accepted.settle();
  return accepted;
}

AcceptedCodings AcceptedCodings::parse(std::string_view value) {
  AcceptedCodings accepted;
  accepted.take(value);
  accepted.settle();
  return accepted;
}

// The first mention of a coding counts.
void AcceptedCodings::take(std::string_view value) {
  text::for_each_member(value, [this](std::string_view text) {
    const auto member = parse_member(text);
    if (!member) return;
    if (member->name == "*") {
      if (others_ == unsaid) others_ = member->quality;
      return;
    }
    const auto coding = content_coding(member->name);
    if (!coding) return;
    Quality& quality = qualities_[static_cast<std::size_t>(*coding)];
    if (quality == unsaid) quality = member->quality;
    if (*coding == ContentCoding::identity) identity_named_ = true;
  });
}

// Identity is acceptable unless it is refused, by its name or by `*;q=0`; unnamed, it comes behind what is named.
void AcceptedCodings::settle() {
  for (Quality& quality : qualities_) {
    if (quality == unsaid) quality = others_ == unsaid ? 0 : others_;
  }
}

ContentCoding AcceptedCodings::best_of(std::span<const ContentCoding> offered) const {
  ContentCoding chosen = ContentCoding::identity;
  Quality highest = 0;
  for (const ContentCoding coding : offered) {
    if (coding == ContentCoding::identity || quality(coding) <= highest) continue;
    chosen = coding;
    highest = quality(coding);
  }
  const bool prefers_plain = identity_named_ && quality(ContentCoding::identity) > highest;
  return prefers_plain ? ContentCoding::identity : chosen;
}

}  // namespace weir
