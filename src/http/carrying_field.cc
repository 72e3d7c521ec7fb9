// The list; protocols/h1/head_meaning.cc and protocols/h2/field_section.cc do it.
#include "http/carrying_field.h"

#include "http/fields.h"

namespace weir {

bool carries_request(std::string_view name) {
  switch (name_id(name)) {
    case FieldName::connection:
    case FieldName::content_length:
    case FieldName::expect:
    case FieldName::host:
    case FieldName::keep_alive:
    case FieldName::proxy_authenticate:
    case FieldName::proxy_authorization:
    case FieldName::proxy_connection:
    case FieldName::te:
    case FieldName::transfer_encoding:
    case FieldName::upgrade:
      return true;
    default:
      return false;
  }
}

}  // namespace weir
