// Tags with and without the name of a coding.
#include "filters/compress/validators.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace weir {
namespace {

constexpr std::array coded{ContentCoding::zstd, ContentCoding::brotli, ContentCoding::gzip};

std::string_view suffix_of(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::gzip:
      return "-gzip\"";
    case ContentCoding::brotli:
      return "-br\"";
    case ContentCoding::zstd:
      return "-zstd\"";
    default:
      return "\"";
  }
}

bool is_strong_tag(std::string_view tag) {
  return tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
}

/// `"abc"` as `"abc-gzip"`. \pre is_strong_tag(plain)
std::string_view coded_tag(std::string_view plain, ContentCoding coding, Arena& arena) {
  return arena.join(plain.substr(0, plain.size() - 1), suffix_of(coding));
}

/// The tag before the coding was written into it; empty when none was.
std::string plain_tag(std::string_view tag) {
  if (!is_strong_tag(tag)) return {};
  for (const ContentCoding coding : coded) {
    const std::string_view suffix = suffix_of(coding);
    if (tag.size() > suffix.size() && tag.ends_with(suffix)) {
      return std::string(tag.substr(0, tag.size() - suffix.size())) + '"';
    }
  }
  return {};
}

/// A list of tags with the plain ones beside those that are coded. `same` when nothing was added.
std::string with_plain_tags(std::string_view tags) {
  std::string added;
  text::for_each_member(tags, [&](std::string_view tag) {
    const std::string plain = plain_tag(tag);
    if (!plain.empty()) added += ", " + plain;
  });
  return added;
}

bool shows(std::string_view tags, std::string_view wanted) {
  bool found = false;
  text::for_each_member(tags, [&](std::string_view tag) { found |= tag == wanted; });
  return found;
}

}  // namespace

void add_plain_tags(Fields& request) {
  for (Field& field : request.lines()) {
    if (field.name != "if-none-match" && field.name != "if-match") continue;
    if (!field.value.contains('-')) continue;
    const std::string added = with_plain_tags(field.value);
    if (!added.empty()) field.value = request.arena().join(field.value, added);
  }
}

bool restore_tag(Fields& answer, std::string_view shown, ContentCoding wanted) {
  const std::string_view tag = answer.get(FieldName::etag);
  if (!is_strong_tag(tag) || shown.empty()) return false;
  const auto try_coding = [&](ContentCoding coding) {
    const std::string_view as_coded = coded_tag(tag, coding, answer.arena());
    if (!shows(shown, as_coded)) return false;
    answer.set(FieldName::etag, as_coded);
    answer.remove(FieldName::content_length);  // told of the plain one
    return true;
  };
  if (wanted != ContentCoding::identity && try_coding(wanted)) return true;
  return !shows(shown, tag) && std::ranges::any_of(coded, try_coding);
}

void mark_as_coded(Fields& answer, ContentCoding coding) {
  static constexpr std::array<std::string_view, 6> of_the_plain{"accept-ranges", "content-digest", "content-length",
                                                                "content-md5",   "digest",         "repr-digest"};
  answer.remove_if(
      [](const Field& field) { return std::ranges::find(of_the_plain, field.name) != of_the_plain.end(); });
  answer.append(FieldName::content_encoding, text_of(coding));
  const std::string_view tag = answer.get(FieldName::etag);
  if (is_strong_tag(tag)) answer.set(FieldName::etag, coded_tag(tag, coding, answer.arena()));
}

bool forbids_transforming(const Fields& message) {
  bool found = false;
  for (const Field& field : message) {
    if (field.id != FieldName::cache_control) continue;
    text::for_each_member(field.value,
                          [&](std::string_view word) { found |= text::equal_ignoring_case(word, "no-transform"); });
  }
  return found;
}

}  // namespace weir
