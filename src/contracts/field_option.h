// Header fields that a configuration adds to messages.
//
// Problem: a line break in a value, or a second content-length, makes one message into two for whoever reads it next.
// Idea: what a configuration puts into a message is checked once, when it is read, by the same rules as what the parser
// lets in; afterwards it is copied about without looking. Framing and the connection belong to the codecs alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contracts/diagnostics.h"
#include "http/fields.h"

namespace weir {

enum class MessageKind : std::uint8_t { request, response };

/// Names with their values, as configured.
using FieldOptions = std::vector<std::pair<std::string, std::string>>;

/// Complains about a name that is no token, or that a configuration must not touch in such a message: the framing
/// (content-length, transfer-encoding), what speaks about one connection only, and the host of a request.
/// \returns  whether it may be used
/// \source   RFC 9110 sections 5.6.2 (token) and 7.6.1 (connection-level fields), RFC 9112 section 6
bool check_field_name(std::string_view name, MessageKind message, Place place, const Reading& reading);

/// Complains about a value with control characters, or with white space at an end. It may be a secret and is not
/// printed.
bool check_field_value(const Node& value, const Reading& reading);

/// Both, for every member of a map of names to values; names may differ only in more than their case.
bool check_fields(const Node& map, MessageKind message, const Reading& reading);

/// The fields ready to be appended to a message: names in lower case, the views into `texts`, which must stay where it
/// is. \pre  check_fields() was content
std::vector<Field> prepare_fields(FieldOptions& texts);

}  // namespace weir
