// Path and query of a target.
#include "http/target.h"

#include "http/path.h"

namespace weir {

Result<void> read_path_and_query(RequestHead& request, std::string_view rest, Arena& arena) {
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    request.has_query = true;
    request.query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (rest.empty()) {  // only an absolute target can have no path (RFC 9112 sections 3.2.1 and 3.2.4)
    request.path = request.method == Method::options && !request.has_query ? "*" : "/";
    return {};
  }
  TRY(request.path, canonical_path(rest, arena));
  return {};
}

}  // namespace weir
