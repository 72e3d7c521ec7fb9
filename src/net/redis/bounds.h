// What a Redis that misbehaves can reach, in one place beside the client it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::limits {

/// One answer of a Redis: its bytes (the table of slots of the largest clusters has some 200 KiB), those of a line (an
/// error's sentence), how deep it is nested (CLUSTER SLOTS has four levels) and its elements (a table that is cut into
/// single slots has 16,384 entries of 12).
inline constexpr std::size_t redis_answer_bytes = 1024 * 1024;
inline constexpr std::size_t redis_line_bytes = 4096;
inline constexpr std::size_t redis_answer_depth = 16;
inline constexpr std::uint32_t redis_answer_elements = 1U << 18U;
/// Questions to one Redis that a core has on their way: a second of a saturated one; 24 bytes each.
inline constexpr std::size_t redis_in_flight = 16 * 1024;
/// Servers of one cluster that a core knows at once; Redis advises against more than 1,000.
inline constexpr std::size_t redis_nodes = 1024;
/// Redirections of one question: one for a table that is old, one for a slot that is on its way, one to spare.
inline constexpr unsigned redis_redirections = 3;
/// Addresses that lead to one Redis.
inline constexpr std::size_t redis_addresses = 32;

}  // namespace weir::limits
