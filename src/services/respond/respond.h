// Answers with a fixed response: a status, a text, some fields.
//
// Idea: everything is made ready when the configuration is read; a request costs a few copies of pointers, and the body
// is a view of the configuration, which the exchange pins until its last byte is out.
#pragma once

#include <string>
#include <vector>

#include "contracts/field_option.h"
#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

struct RespondOptions {
  Status status = 200;
  std::string body;
  FieldOptions headers;
  static const Schema<RespondOptions>& schema();
};

class Respond final : public Service {
 public:
  explicit Respond(RespondOptions options);
  Respond(const Respond&) = delete;
  Respond& operator=(const Respond&) = delete;

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  RespondOptions options_;
  std::vector<Field> fields_;  ///< views into options_
};

const ServiceKind& respond_service();

}  // namespace weir
