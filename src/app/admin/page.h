// A page of the admin address: a text that is there as a whole.
#pragma once

#include <string_view>

#include "contracts/exchange.h"

namespace weir {

inline constexpr std::string_view plain_text = "text/plain; charset=utf-8";
inline constexpr std::string_view json_text = "application/json";

/// Copies `body` into the exchange's arena.
Answer page(Exchange& exchange, Status status, std::string_view type, std::string_view body);

/// An error as its reader prefers it (http/problem.h). \param detail  what to do about it; may be empty
Answer problem_page(Exchange& exchange, Status status, std::string_view reason, std::string_view sentence,
                    std::string_view detail = {});

/// `?format=text`
bool wants_text(const Exchange& exchange);

}  // namespace weir
