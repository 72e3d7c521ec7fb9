// `weir demo-origin`: reads where to listen, and leaves the serving to app/demo_origin.
#include "app/demo_origin.h"

#include <fmt/format.h>

#include "app/commands/commands.h"

namespace weir {

int demo_origin_command(const Arguments& arguments) {
  const std::string_view written = arguments.value_of("listen").value_or("127.0.0.1:9000");
  const auto address = parse_endpoint(written);
  if (!address)
    return usage_error("demo-origin", fmt::format("\"{}\" is not an address: write 127.0.0.1:9000 or :9000", written));
  return serve_demo_origin(*address);
}

}  // namespace weir
