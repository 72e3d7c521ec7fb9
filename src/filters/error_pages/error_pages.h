// A site's own pages for errors.
//
// Problem: a visitor who meets an error should meet it in the words of the site, while programs, logs and metrics must
// still see which error it was.
// Idea: the filter leaves a word with the exchange (Exchange::error_pages): an error goes its usual way, becomes its
// usual answer in the one place where errors do (server/error_reply), and only the body of that answer is exchanged.
// Status, Retry-After and Proxy-Status stay. What an upstream answers itself is its own business unless the
// configuration says otherwise.
//
// Several pages may stand for one status: the client gets the form it likes best; one that likes problem details better
// than any of the pages gets problem details.
//
// Invariants
//   (1) Files are read when the configuration is built; no request waits for a disk.
//   (2) Of nested filters the innermost that has a page for the status decides.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

struct ErrorPageOptions {
  std::vector<std::string> status;  ///< 404, 5xx
  std::string file;
  std::string text;
  std::string type;  ///< of the content; found by the file's name when empty
  Place place;
  static const Schema<ErrorPageOptions>& schema();
};

struct ErrorPagesOptions {
  enum class Upstream : std::uint8_t { keep, replace };
  std::vector<ErrorPageOptions> pages;
  Upstream upstream = Upstream::keep;
  static const Schema<ErrorPagesOptions>& schema();
};

/// One page, ready to be sent.
struct ErrorPage {
  std::vector<Status> statuses;  ///< named alone; they win over a class
  bool whole_4xx = false;
  bool whole_5xx = false;
  std::string content_type;  ///< text/html; charset=utf-8
  std::string media_type;    ///< text/html
  std::string text;
  Place place;

  enum class Match : std::uint8_t { none, by_class, by_name };
  [[nodiscard]] Match match(Status status) const;
};

struct ErrorPageVerdict {
  const ErrorPage* page = nullptr;
  bool by_accept = false;   ///< another Accept could have led to another form: the answer says vary
  std::string_view reason;  ///< own_page, no_page_for_status, client_prefers_other_form
};

/// What a choice is made from.
struct ErrorPageFacts {
  Status status = 0;
  std::string_view accept;
};
std::string_view pack(const ErrorPageFacts& facts, Arena& arena);
/// \returns  nothing when the bytes are not what pack() made
std::optional<ErrorPageFacts> unpack_error_page_facts(std::string_view bytes);

/// The page for a status that a client with this Accept likes best; none when it likes the answer as it is better.
/// Pure.
ErrorPageVerdict choose_error_page(std::span<const ErrorPage> pages, const ErrorPageFacts& facts);

class ErrorPagesFilter final : public Filter {
 public:
  ErrorPagesFilter(std::vector<ErrorPage> pages, ErrorPagesOptions::Upstream upstream)
      : pages_(std::move(pages)), upstream_(upstream) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

  /// Exchanges the body of `answer` when there is a page for it. \returns  whether it did
  bool replace_body(Exchange& exchange, Answer& answer) const;

 private:
  Reply watch_answers(Exchange& exchange, Next next) const;
  [[nodiscard]] bool concerns(const Exchange& exchange, const Answer& answer) const;

  std::vector<ErrorPage> pages_;
  ErrorPagesOptions::Upstream upstream_;
};

const FilterKind& error_pages_filter();

}  // namespace weir
