// gRPC-Web and gRPC: names, and the frame that carries trailers (PROTOCOL-WEB.md). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace weir::grpc_web {

/// How a client speaks gRPC-Web.
struct Dialect {
  bool text = false;        ///< base64
  std::string_view suffix;  ///< `+proto`, or empty
};

/// Nothing when it is no content-type of gRPC-Web. The suffix points into it.
std::optional<Dialect> dialect_of(std::string_view content_type);

/// `application/grpc-web-text+proto`. An answer without a suffix says what that means.
std::string web_type(const Dialect& dialect);
/// `application/grpc+proto`
std::string grpc_type(const Dialect& dialect);

/// The last frame of an answer: a flag, a length, and the trailers as lines. \param trailers  null: none came, which a
/// client of gRPC has to take for the status unknown
std::string trailer_frame(const Fields* trailers);

}  // namespace weir::grpc_web
