// Names by their parts; lines behind a length.
#include "filters/grpc_web/translation.h"

#include "base/text.h"

namespace weir::grpc_web {
namespace {

constexpr std::string_view web_name = "application/grpc-web";
constexpr std::string_view text_name = "-text";
/// Of a frame: it carries trailers and no message.
constexpr char trailer_flag = static_cast<char>(0x80);

}  // namespace

std::optional<Dialect> dialect_of(std::string_view content_type) {
  std::string_view left = text::trim(content_type.substr(0, content_type.find(';')));
  if (left.size() < web_name.size() || !text::equal_ignoring_case(left.substr(0, web_name.size()), web_name)) return {};
  left.remove_prefix(web_name.size());
  const bool is_text = text::equal_ignoring_case(left.substr(0, text_name.size()), text_name);
  if (is_text) left.remove_prefix(text_name.size());
  if (!left.empty() && !left.starts_with('+')) return {};
  return Dialect{.text = is_text, .suffix = left};
}

std::string web_type(const Dialect& dialect) {
  std::string type(web_name);
  if (dialect.text) type += text_name;
  return type += dialect.suffix.empty() ? "+proto" : dialect.suffix;
}

std::string grpc_type(const Dialect& dialect) {
  return std::string("application/grpc") += dialect.suffix;
}

std::string trailer_frame(const Fields* trailers) {
  std::string lines;
  if (trailers == nullptr) {
    lines = "grpc-status:2\r\ngrpc-message:the server ended without a status\r\n";
  } else {
    for (const Field& field : *trailers) {
      lines.append(field.name).append(":").append(field.value).append("\r\n");
    }
  }
  const auto size = static_cast<std::uint32_t>(lines.size());  // trailers are bounded far below 4 GiB
  std::string frame{trailer_flag};
  for (const unsigned shift : {24U, 16U, 8U, 0U}) frame += static_cast<char>(size >> shift & 0xFFU);
  return frame += lines;
}

}  // namespace weir::grpc_web
