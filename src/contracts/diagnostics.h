// What is wrong with a configuration, all of it at once.
//
// Problem: a checker that stops at the first mistake costs one deploy per mistake.
// Idea: nobody returns a configuration error; everybody adds to one list and goes on. The list prints as lines that
// editors and people both know, `file:line:column: path: message; suggestion`, or as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/node.h"

namespace weir {

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  std::string path;        ///< `routes[0].filters[1].body_limit`; may be empty (a file that cannot be read)
  std::string message;     ///< what was found and what was expected; no full stop
  std::string suggestion;  ///< `did you mean "x"?` or `write 1MiB`; may be empty

  /// `weir.yaml:14:7: upstreams.shop.balance: unknown balancer "x"; did you mean "y"?`, without line end.
  [[nodiscard]] std::string text() const;
};

class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  void error(Place place, std::string path, std::string message, std::string suggestion = {});
  void warning(Place place, std::string path, std::string message, std::string suggestion = {});
  /// Adds all of `others`, behind those already here.
  void append(const Diagnostics& others);

  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::size_t warnings() const { return all_.size() - errors_; }
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }

  /// Files in the order in which they were first complained about; within a file from top to bottom.
  void sort();
  /// One line each, every line ended.
  [[nodiscard]] std::string text() const;
  /// `2 errors, 1 warning`; `no errors` when there is nothing.
  [[nodiscard]] std::string summary() const;
  /// `{"errors":1,"warnings":0,"diagnostics":[{"severity":"error","file":...,"line":...,"column":...,"path":...,
  /// "message":...,"suggestion":...}]}`, for editors.
  [[nodiscard]] std::string json() const;

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
};

/// `did you mean "least_request"?`, or empty when no candidate is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

/// Where a reader stands in the tree, and where it complains.
///
/// A chain of frames on the stack, so that a path costs nothing until somebody complains: a Reading must not outlive
/// the one it was made from.
class Reading {
 public:
  explicit Reading(Diagnostics& diagnostics, std::string_view root = {}) : diagnostics_(&diagnostics), name_(root) {}

  [[nodiscard]] Reading member(std::string_view name) const [[clang::lifetimebound]] { return {*this, name, no_index}; }
  [[nodiscard]] Reading item(std::size_t index) const [[clang::lifetimebound]] { return {*this, {}, index}; }

  /// Adds an error at the node's place. \returns  false, so that a reader can `return reading.error(...)`
  bool error(const Node& node, std::string message, std::string suggestion = {}) const;
  bool error(Place place, std::string message, std::string suggestion = {}) const;
  void warning(Place place, std::string message, std::string suggestion = {}) const;

  /// `routes[0].filters[1].body_limit`
  [[nodiscard]] std::string path() const;
  [[nodiscard]] Diagnostics& diagnostics() const { return *diagnostics_; }

 private:
  static constexpr std::size_t no_index = ~std::size_t{0};
  Reading(const Reading& parent, std::string_view name, std::size_t index)
      : diagnostics_(parent.diagnostics_), parent_(&parent), name_(name), index_(index) {}

  Diagnostics* diagnostics_;
  const Reading* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = no_index;
};

}  // namespace weir
