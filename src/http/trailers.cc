// The list of trailers.h.
#include "http/trailers.h"

namespace weir {

bool may_trail(const Field& field) {
  switch (field.id) {
    case FieldName::date:
    case FieldName::etag:
    case FieldName::last_modified:
    case FieldName::proxy_status:
      return true;
    case FieldName::other:
      break;
    default:
      return false;
  }
  for (const std::string_view refused : {"content-range", "max-forwards", "range", "www-authenticate"}) {
    if (field.name == refused) return false;
  }
  return true;
}

}  // namespace weir
