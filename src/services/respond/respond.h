// Answers with a response of our own: a status, a text, some fields.
//
// Idea: everything is made ready when the configuration is read; a request costs a few copies of pointers, and the body
// is a view of the configuration, which the exchange pins until its last byte is out. With `template` the text, and the
// fields that have places for values, are made anew for each request (template.h: values are always escaped).
#pragma once

#include <string>
#include <vector>

#include "contracts/field_option.h"
#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "services/respond/template.h"

namespace weir {

struct RespondOptions {
  Status status = 200;
  std::string body;
  std::string template_text;
  FieldOptions headers;
  static const Schema<RespondOptions>& schema();
};

class Respond final : public Service {
 public:
  /// \param page    of the body; fixed text when it has no values
  /// \param fields  for each of the headers in order; without values where the header is fixed
  explicit Respond(RespondOptions options, Template page = {}, std::vector<Template> fields = {});
  Respond(const Respond&) = delete;
  Respond& operator=(const Respond&) = delete;

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  [[nodiscard]] Result<std::string_view> body_for(const Exchange& exchange, Arena& arena) const;

  RespondOptions options_;
  std::vector<Field> fields_;  ///< views into options_
  Template page_;
  std::vector<Template> field_templates_;  ///< beside the first of fields_; empty without a template
};

/// `respond: 204` is a status; what is quoted, or no number of three digits, is a text: as the map they stand for.
/// Values that stand for none stay as they are.
Node respond_long_form(const Node& written);

const ServiceKind& respond_service();

}  // namespace weir
