// Reading lists one by one, with the lines they stand in.
#include "net/tls/revocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "net/tls/certificate_text.h"
#include "net/tls/openssl.h"
#include "net/tls/pem_blocks.h"

namespace weir::tls {
namespace {

using List = std::unique_ptr<X509_CRL, Freed<&X509_CRL_free>>;

struct Written {
  List list;  // null: cannot be read
  std::uint32_t line = 0;
};

std::vector<Written> lists_of(std::string_view text) {
  std::vector<Written> lists;
  for (const PemBlock& block : pem_blocks(text)) {
    if (block.label != "X509 CRL") continue;
    List read(PEM_read_bio_X509_CRL(bio_over(block.text).get(), nullptr, nullptr, nullptr));
    lists.push_back({.list = std::move(read), .line = block.line});
  }
  return lists;
}

std::string issuer_of(const X509_CRL* list) {
  return text_of(X509_CRL_get_issuer(list));
}

std::optional<WallTime> end_of(const X509_CRL* list) {
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list);
  return next == nullptr ? std::nullopt : std::optional(time_of(next));
}

/// The lists of one text against the authorities of another.
class Judge {
 public:
  Judge(std::string_view lists, WallTime now) : lists_(lists_of(lists)), now_(now) {}

  std::vector<Finding> judge(std::string_view lists, std::string_view authorities) {
    if (lists_.empty()) {
      const bool binary = lists.starts_with('\x30');
      say(true, 0, "there is no list of revoked certificates in it",
          binary ? "it is in DER: openssl crl -inform der -in FILE -out NEW, and name NEW"
                 : "it has to begin with -----BEGIN X509 CRL-----");
      return std::move(findings_);
    }
    for (const Written& each : lists_) judge_one(each);
    const Bio bio = bio_over(authorities);
    while (X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) judge_authority(*Certificate(read));
    ERR_clear_error();
    return std::move(findings_);
  }

 private:
  void say(bool error, std::uint32_t line, std::string what, std::string advice) {
    findings_.push_back({.in = Finding::In::certificate,
                         .line = line,
                         .error = error,
                         .what = std::move(what),
                         .advice = std::move(advice)});
  }

  void judge_one(const Written& each) {
    if (each.list == nullptr)
      return say(true, each.line, "this list cannot be read: " + last_complaint(), "copy it again, from BEGIN to END");
    const std::optional<WallTime> end = end_of(each.list.get());
    if (end && *end <= now_)
      say(false, each.line,
          fmt::format("the list of {} expired on {}: every certificate of that authority is refused",
                      issuer_of(each.list.get()), day_of(*end)),
          "get the next one from the authority");
  }

  void judge_authority(X509& authority) {
    const auto found = std::ranges::find_if(lists_, [&](const Written& each) {
      return each.list != nullptr &&
             X509_NAME_cmp(X509_CRL_get_issuer(each.list.get()), X509_get_subject_name(&authority)) == 0;
    });
    const std::string name = text_of(X509_get_subject_name(&authority));
    if (found == lists_.end())
      return say(false, 0, fmt::format("there is no list of {}: every certificate of that authority is refused", name),
                 "append its list (openssl crl prints one), or leave that authority out");
    if (X509_CRL_verify(found->list.get(), X509_get0_pubkey(&authority)) != 1)
      say(true, found->line, fmt::format("this list is not signed by {}, whose name it has", name),
          "get it again from the authority");
  }

  std::vector<Written> lists_;
  WallTime now_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge_revocation(std::string_view lists, std::string_view authorities, WallTime now) {
  ERR_clear_error();
  return Judge(lists, now).judge(lists, authorities);
}

std::optional<WallTime> revocation_ends(std::string_view lists) {
  std::optional<WallTime> first;
  for (const Written& each : lists_of(lists)) {
    const std::optional<WallTime> end = each.list == nullptr ? std::nullopt : end_of(each.list.get());
    if (end && (!first || *end < *first)) first = end;
  }
  ERR_clear_error();
  return first;
}

bool add_revocation(x509_store_st* store, std::string_view lists) {
  bool any = false;
  for (const Written& each : lists_of(lists))
    any |= each.list != nullptr && X509_STORE_add_crl(store, each.list.get()) == 1;
  ERR_clear_error();
  // Every list has to be judged up to the root: a chain that ends before could not be.
  X509_VERIFY_PARAM_clear_flags(X509_STORE_get0_param(store), X509_V_FLAG_PARTIAL_CHAIN);
  return any && X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

}  // namespace weir::tls
