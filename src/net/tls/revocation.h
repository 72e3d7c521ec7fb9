// Lists of certificates that were taken back (CRL, RFC 5280): what they are worth, and how they are put to work.
//
// Problem: a certificate that was lost is good until it expires, unless somebody asks for the list of those revoked;
// and a list that is missing or out of date says nothing about anybody.
// Idea: where lists are given, every certificate of a chain must be vouched for, that of each authority included, by a
// list in force. What cannot be judged is refused: else whoever holds a list back would bring a lost certificate to
// life. So that nobody is surprised by that, lists are judged when they are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "net/tls/identity.h"

struct x509_store_st;

namespace weir::tls {

/// What is wrong with lists: errors make them useless, warnings say who will be refused because of them.
/// \param lists        PEM
/// \param authorities  PEM: who issues certificates; each should have a list. Empty: not known here
std::vector<Finding> judge_revocation(std::string_view lists, std::string_view authorities, WallTime now);

/// When the first of the lists will have to be replaced; nothing when none says so.
std::optional<WallTime> revocation_ends(std::string_view lists);

/// From now on certificates are refused that no list in the store clears, and chains that do not reach a root. \returns
/// false when there is no list
bool add_revocation(x509_store_st* store, std::string_view lists);

}  // namespace weir::tls
