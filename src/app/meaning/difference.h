// What is different between two configurations, in words.
//
// Problem: a difference by lines shows how a file was edited; the one who must decide wants to know what the gateway
// does differently: `route cart: path /cart/* -> /basket/*`.
// Idea: both are brought into their canonical form and compared as trees. Routes, listeners and filters are recognised
// by their names, so that one that moved or changed is not "one removed, one added".
#pragma once

#include <string>
#include <vector>

#include "app/meaning/canonical.h"

namespace weir::meaning {

struct Change {
  std::string subject;  ///< `route cart`, `upstream shop`, `timeouts`
  std::string option;   ///< `path`, `timeouts.connect`; empty when the subject itself came or went
  std::string before;   ///< as one would write it; empty when there was nothing
  std::string after;
  std::string remark;  ///< what before and after cannot say: "stands at another place"

  /// `route cart: path /cart/* -> /basket/*`, no line end.
  [[nodiscard]] std::string text() const;
};

std::vector<Change> difference(const Meaning& before, const Meaning& after);

/// One change on each line; "no difference" when there is none.
std::string text_of(const std::vector<Change>& changes);
/// `[{"subject":...,"option":...,"before":...,"after":...,"text":...}]`
std::string json_of(const std::vector<Change>& changes);

}  // namespace weir::meaning
