// Changes header fields: of the request on its way in, of the response on its way out.
//
// Idea: everything that can be known when the configuration is read is done then: names checked and in lower case, each
// turned into a ready Field. What is left for a request is a few copies of three pointers; the texts stay in the
// configuration. Order within one message: remove, then set, then add, so that "remove, then add" replaces all lines.
//
// Nothing is decided here, so nothing is recorded.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

/// Changes to the fields of one message, as configured.
struct FieldEditOptions {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::vector<std::string>>> add;
  std::vector<std::string> remove;
  static const Schema<FieldEditOptions>& schema();
};

struct HeadersOptions {
  FieldEditOptions request;
  FieldEditOptions response;
  static const Schema<HeadersOptions>& schema();
};

/// The same, ready to be applied.
class FieldEdits {
 public:
  explicit FieldEdits(const FieldEditOptions& options);
  FieldEdits(const FieldEdits&) = delete;
  FieldEdits& operator=(const FieldEdits&) = delete;

  /// Whether the texts go into the message as views of the configuration, or as copies in the message's arena.
  enum class Texts : std::uint8_t { borrowed, copied };

  /// Pure but for `fields`.
  void apply(Fields& fields, Texts texts) const;
  [[nodiscard]] bool empty() const { return remove_.empty() && set_.empty() && add_.empty(); }
  /// `sets x-a, adds x-b, removes x-c`, for people.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> set_texts_;
  std::vector<std::pair<std::string, std::string>> add_texts_;
  std::vector<std::string> remove_texts_;
  std::vector<Field> set_;
  std::vector<Field> add_;
  std::vector<Field> remove_;
};

class Headers final : public Filter {
 public:
  explicit Headers(const HeadersOptions& options) : request_(options.request), response_(options.response) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  Reply edit_response(Exchange& exchange, Next next) const;

  FieldEdits request_;
  FieldEdits response_;
};

const FilterKind& headers_filter();

}  // namespace weir
