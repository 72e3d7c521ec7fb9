// DNS messages: a question as bytes, bytes as an answer.
//
// Problem: an answer comes from anybody who guesses a port and a number, names in it point back into the message, and a
// server may say more than it was asked.
// Idea: read once, strictly, into values: what is not the answer to this question is no answer; names are followed
// backwards only, so that they end; records of other kinds are passed over. What an answer means (aliases, time to
// live, that there is none) is a pure function of these values.
//
// Invariants
//   (1) A response is taken only when its number and its question are those that were asked.
//   (2) Reading never looks outside the message, and its work is bounded by the message's length times the labels of a
//       name.
//
// Source: RFC 1035 section 4, RFC 2308 (negative answers), RFC 2782 (SRV), RFC 6891 (EDNS), RFC 8767 section 4 (times
// to live).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "net/address.h"

namespace weir::dns {

enum class Type : std::uint16_t { a = 1, cname = 5, soa = 6, aaaa = 28, srv = 33 };

struct Question {
  std::string name;  ///< canonical
  Type type = Type::a;
  friend auto operator<=>(const Question&, const Question&) = default;
};

/// Bytes that a server may send in one datagram: fits into every network without being cut up (DNS flag day 2020).
inline constexpr std::uint16_t datagram_bytes_max = 1232;

/// \param with_edns  says how large an answer may be; servers of before 1999 refuse it
std::string encode(std::uint16_t number, const Question& question, bool with_edns);

enum class ResponseCode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,  ///< NXDOMAIN
  not_implemented = 4,
  refused = 5,
};

struct Service {
  std::uint16_t priority = 0;  ///< lower goes first
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  ///< canonical; empty: the service is decidedly not there (RFC 2782)
  friend bool operator==(const Service&, const Service&) = default;
};

/// A record of a kind that is known here.
struct Record {
  std::string owner;  ///< canonical
  Type type = Type::a;
  std::uint32_t seconds = 0;  ///< time to live
  IpAddress address;          ///< a, aaaa
  std::string alias;          ///< cname
  Service service;            ///< srv
};

struct Response {
  ResponseCode code = ResponseCode::no_error;
  bool truncated = false;  ///< ask again over TCP
  std::vector<Record> answers;
  std::optional<std::uint32_t> negative_seconds;  ///< how long "there is none" holds, where an SOA says so
};

/// \returns  the response to this question; nothing when the bytes are something else: noise, or somebody's guess
/// \errors   resolve_failed (origin upstream) when it is the response, and malformed
Result<std::optional<Response>> parse(std::string_view message, std::uint16_t number, const Question& question);

/// What a response comes to.
struct Finding {
  enum class Kind : std::uint8_t {
    found,    ///< records of the type asked for
    no_data,  ///< the name exists and has none
    no_name,  ///< nobody has this name
    alias,    ///< it is another name's: `alias` has to be asked about
    failed,   ///< the server cannot say; another one may
  };
  Kind kind = Kind::failed;
  std::vector<Record> records;
  std::string alias;
  std::uint32_t seconds = 0;  ///< how long it holds: the shortest of all records that led to it
};

/// Follows aliases through the records; a circle, or more than limits::dns_aliases of them, has failed.
Finding interpret(const Response& response, const Question& question);

}  // namespace weir::dns
