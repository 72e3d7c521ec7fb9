// Looking at a chain link by link, and at a handshake.
#include "net/tls/examination.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "net/address.h"
#include "net/tls/certificate_text.h"
#include "net/tls/facts.h"
#include "net/tls/identity.h"
#include "net/tls/openssl.h"

namespace weir::tls {
namespace {

using Store = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;
using Chain = std::vector<Certificate>;

std::string subject_of(X509* certificate) {
  return text_of(X509_get_subject_name(certificate));
}
std::string issuer_of(X509* certificate) {
  return text_of(X509_get_issuer_name(certificate));
}

ShownCertificate shown(X509* certificate) {
  ShownCertificate made{.subject = subject_of(certificate),
                        .issuer = issuer_of(certificate),
                        .key = {},
                        .names = names_of(certificate),
                        .from = time_of(X509_get0_notBefore(certificate)),
                        .until = time_of(X509_get0_notAfter(certificate))};
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key != nullptr) {
    const int kind = EVP_PKEY_get_base_id(key);
    made.key = fmt::format("{} {}",
                           kind == EVP_PKEY_EC    ? "ECDSA"
                           : kind == EVP_PKEY_RSA ? "RSA"
                                                  : "key of",
                           EVP_PKEY_get_bits(key));
  }
  return made;
}

Store store_of(const std::string& authorities) {
  Store store(X509_STORE_new());
  if (authorities.empty()) {
    X509_STORE_set_default_paths(store.get());
  } else {
    const Bio bio = bio_over(authorities);
    while (X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
      const Certificate owned(read);
      X509_STORE_add_cert(store.get(), read);
    }
  }
  ERR_clear_error();
  return store;
}

/// Judges a chain.
class Examiner {
 public:
  Examiner(const Chain& chain, const std::string& host, const std::string& authorities, WallTime now, Examination& out)
      : chain_(chain), host_(host), authorities_(authorities), now_(now), out_(out) {}

  void examine() {
    for (const Certificate& each : chain_) out_.chain.push_back(shown(each.get()));
    if (chain_.empty()) return tell(Fault::server, "it shows no certificate", "give it one");
    judge_times();
    judge_trust();
    judge_name();
  }

 private:
  void tell(Fault fault, std::string what, std::string advice) {
    out_.diagnoses.push_back({.fault = fault, .what = std::move(what), .advice = std::move(advice)});
  }
  void judge_times();
  void judge_trust();
  void judge_name();
  void explain(int why, X509* at);

  const Chain& chain_;
  const std::string& host_;
  const std::string& authorities_;
  WallTime now_;
  Examination& out_;
};

void Examiner::judge_times() {
  for (const ShownCertificate& each : out_.chain) {
    if (each.until < now_)
      tell(Fault::server, fmt::format("{} expired on {}", each.subject, day_of(each.until)),
           "renew it, and let the server read it");
    if (each.from > now_)
      tell(Fault::client,
           fmt::format("{} is valid only from {}, and this machine's clock says {}", each.subject, day_of(each.from),
                       day_of(now_)),
           "look at the clock of this machine first; then at who issued a certificate for the future");
  }
}

// Time is left out: it has been judged, and would hide what else is wrong.
void Examiner::judge_trust() {
  const Store store = store_of(authorities_);
  STACK_OF(X509)* others = sk_X509_new_null();
  for (const Certificate& each : chain_) sk_X509_push(others, each.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store.get(), chain_.front().get(), others);
  X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
  if (X509_verify_cert(context) != 1)
    explain(X509_STORE_CTX_get_error(context), X509_STORE_CTX_get_current_cert(context));
  X509_STORE_CTX_free(context);
  sk_X509_free(others);
  ERR_clear_error();
}

void Examiner::explain(int why, X509* at) {
  X509* const stuck = at == nullptr ? chain_.front().get() : at;
  const bool own_issuer = X509_check_issued(stuck, stuck) == X509_V_OK;
  if (own_issuer && stuck == chain_.front().get())
    return tell(Fault::client, fmt::format("{} has signed itself, and nobody here vouches for it", subject_of(stuck)),
                "if you know it to be right, trust it by name (authorities); else have it issued by an authority");
  if (own_issuer)
    return tell(Fault::client, fmt::format("the root {} is not trusted on this machine", subject_of(stuck)),
                "add that root to what this machine trusts (update-ca-certificates), or name it in `authorities`");
  switch (why) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
      // A chain that is as long as it should be ends below a root; one that has only its leaf lacks a link of its own.
      const bool misses_link = chain_.size() == 1 && authorities_.empty();
      if (misses_link)
        return tell(Fault::server,
                    fmt::format("it does not send the certificate of {}, which issued its own", issuer_of(stuck)),
                    "put that certificate behind its own in the server's file; clients cannot find it by themselves");
      return tell(Fault::client, fmt::format("the authority {} is not known here", issuer_of(stuck)),
                  "trust it (authorities), or have the server send the certificates that lead to one that is trusted");
    }
    case X509_V_ERR_CERT_REVOKED:
      return tell(Fault::server, fmt::format("{} was revoked", subject_of(stuck)),
                  "have a new one issued, with a new key");
    default:
      tell(Fault::server, fmt::format("{}: {}", subject_of(stuck), X509_verify_cert_error_string(why)),
           "have it issued anew");
  }
}

void Examiner::judge_name() {
  if (host_.empty()) return;
  X509* const leaf = chain_.front().get();
  const bool named = IpAddress::parse(host_) ? X509_check_ip_asc(leaf, host_.c_str(), 0) == 1
                                             : X509_check_host(leaf, host_.data(), host_.size(),
                                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
  if (named) return;
  const std::vector<std::string>& names = out_.chain.front().names;
  tell(Fault::name,
       fmt::format("the certificate is not for {}: {}", host_,
                   names.empty() ? "it names no host" : fmt::format("it is for {}", fmt::join(names, ", "))),
       "ask for one of its names, or have the server's certificate issued for this one, too");
}

std::string words_of(unsigned long code) {
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection was closed" : reason;
}

// A certificate that is asked for is noticed here; that it is required shows only when nothing was sent.
int note_request(SSL* ssl, X509**, EVP_PKEY**) {
  *static_cast<bool*>(SSL_get_app_data(ssl)) = true;
  return 0;
}

/// Under TLS 1.3 the server refuses only behind the handshake.
bool is_refused(SSL* ssl) {
  char byte = 0;
  ERR_clear_error();
  if (SSL_peek(ssl, &byte, 1) > 0) return false;
  const int reason = ERR_GET_REASON(ERR_peek_error());
  return reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED || reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE ||
         reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE;
}

}  // namespace

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::nobody:
      return "nobody";
    case Fault::server:
      return "server";
    case Fault::client:
      return "this machine";
    case Fault::name:
      return "name";
  }
  return "?";
}

Examination examine_chain(std::string_view chain, const std::string& host, const std::string& authorities,
                          WallTime now) {
  Examination made;
  Chain read;
  const Bio bio = bio_over(chain);
  while (X509* each = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) read.emplace_back(each);
  ERR_clear_error();
  Examiner(read, host, authorities, now, made).examine();
  return made;
}

Examination examine_server(int socket, const std::string& host, const std::string& authorities, WallTime now) {
  Examination made;
  const Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);  // what is wrong is to be seen, not refused
  SSL_CTX_set_client_cert_cb(context.get(), &note_request);
  const std::unique_ptr<SSL, Freed<&SSL_free>> ssl(SSL_new(context.get()));
  bool asked = false;
  SSL_set_app_data(ssl.get(), &asked);
  SSL_set_fd(ssl.get(), socket);
  if (!IpAddress::parse(host)) SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  ERR_clear_error();
  const bool shaken = SSL_connect(ssl.get()) == 1;
  const unsigned long code = ERR_peek_error();
  Chain chain;
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl.get());
  for (int at = 0; at < sk_X509_num(sent); ++at) {
    X509_up_ref(sk_X509_value(sent, at));
    chain.emplace_back(sk_X509_value(sent, at));
  }
  if (shaken) {
    made.version = SSL_get_version(ssl.get());
    made.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl.get()));
  }
  const bool refused = asked && (!shaken || is_refused(ssl.get()));
  if (refused) {
    made.diagnoses.push_back({.fault = Fault::client,
                              .what = "the server asks for a client certificate, and refuses who has none",
                              .advice = "get one from whoever runs the server, and name it: certificate and key"});
  } else if (!shaken) {
    made.diagnoses.push_back({.fault = Fault::server,
                              .what = "no handshake: " + words_of(code),
                              .advice = "is it TLS 1.2 or 1.3 that is spoken there, and on this port?"});
  }
  if (shaken || !chain.empty()) Examiner(chain, host, authorities, now, made).examine();
  ERR_clear_error();
  return made;
}

}  // namespace weir::tls
