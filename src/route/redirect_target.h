// Where a redirect leads, and how a request's query and captured text get into it.
//
// Problem: a redirect whose host comes from the request is a gift to phishers.
// Idea: a target is a path of the same server or an absolute URL, taken apart and checked when it is read. A request
// can add its query, and what groups of an expression matched, but never to the host: groups stand behind the authority
// only, and a path that was put together is brought into its canonical form, so that "/$1" cannot become
// "//evil.example".
//
// Nothing that was parsed holds CR, LF or a space: what is taken from a request cannot begin another field.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "route/path_template.h"

namespace weir {

/// The target taken apart: what may be put in, and how, differs from part to part.
struct RedirectTarget {
  std::string origin;  ///< https://example.com; empty for a path on the same server
  PathTemplate path;
  PathTemplate query;
  PathTemplate fragment;  ///< with its '#'
  bool has_query = false;
  std::size_t groups = 0;  ///< the highest group that any part asks for

  /// \returns  or a sentence for a person about its dollar signs
  static std::expected<RedirectTarget, std::string> parse(std::string_view to);

  /// The target with what the groups matched, and the request's query behind its own when that is kept.
  /// \errors  internal  what the groups make has no canonical form
  [[nodiscard]] Result<std::string_view> location(const Captures& captures, const RequestHead& request,
                                                  bool keeps_query, Arena& arena) const;
  /// A sentence for a person when the expression lacks a group that is asked for; else empty.
  [[nodiscard]] std::string complaint_about(const PathRegex& regex) const;
};

/// A target without groups and dollar signs: the same, without taking it apart.
std::string_view plain_location(std::string_view to, const RequestHead& request, bool keeps_query, Arena& arena);

/// What is wrong with a target, and what to do; an empty message when nothing is.
struct TargetComplaint {
  std::string message;
  std::string suggestion;
};
/// \param shown  how a message may call it: the text in quotes, or the written form of a secret
TargetComplaint complaint_about_target(std::string_view to, std::string_view shown);

}  // namespace weir
