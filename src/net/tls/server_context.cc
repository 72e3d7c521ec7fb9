// Sets of certificates, and the questions the library asks during a handshake.
#include "net/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"
#include "net/tls/early_data.h"
#include "net/tls/openssl.h"
#include "net/tls/revocation.h"

namespace weir::tls {
namespace {

constexpr std::size_t key_kinds = 3;
/// Of each kind of key the number of an identity, or none.
using Set = std::array<std::optional<std::size_t>, key_kinds>;

std::size_t index_of(KeyKind kind) {
  return static_cast<std::size_t>(kind);
}

bool machine_has_aes() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") != 0;
#else
  return true;  // every 64-bit ARM server has
#endif
}

// AES-128 costs two thirds of the others per record where the machine has instructions for it; a client that prefers
// ChaCha20 has none, and gets it (SSL_OP_PRIORITIZE_CHACHA).
constexpr const char* suites_13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* suites_13_without_aes =
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* ciphers_12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// X25519 costs half of P-256; ECDSA certificates need P-256 in the list under TLS 1.2.
constexpr const char* groups = "X25519:P-256:P-384";
/// A ticket is good for two turns of the ring: ticket_keys.h, invariant (1).
constexpr long ticket_seconds = std::chrono::duration_cast<std::chrono::seconds>(TicketKeys::turn * 2).count();

/// Length and name, for each.
std::string alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

bool add_authorities(SSL_CTX* context, const std::string& pem) {
  const Bio bio = bio_over(pem);
  bool any = false;
  while (X509* authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const Certificate owned(authority);
    any |= X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1;
    SSL_CTX_add_client_CA(context, authority);
  }
  ERR_clear_error();
  // One of the middle is an authority, too, and a client's own certificate stands for that client alone.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
  return any;
}

/// When people say that a connection was accepted, beside its session in the library: for those that may be stapled.
struct AcceptedOn {
  static void note(SSL* ssl, WallTime today) { SSL_set_ex_data(ssl, slot(), new WallTime(today)); }
  static WallTime of(SSL* ssl) { return *static_cast<WallTime*>(SSL_get_ex_data(ssl, slot())); }

 private:
  static int slot() {
    static const int number = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &let_go);
    return number;
  }
  static void let_go(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<WallTime*>(kept); }
};

// What a hello says, while the library has it in its hands: in its question before all others.

/// Whether all that a client offers is the protocol of proofs: two lengths and its name (RFC 7301 section 3.1).
bool asks_for_proof(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &size) != 1)
    return false;
  const std::string wanted = std::string{'\0', static_cast<char>(challenge_protocol.size() + 1),
                                         static_cast<char>(challenge_protocol.size())} +
                             std::string(challenge_protocol);
  return std::string_view(reinterpret_cast<const char*>(bytes), size) == wanted;
}

/// What it asks for (RFC 6066 section 3): a list with one entry of the kind "host"; empty when it is another.
std::string_view host_in_hello(SSL* ssl) {
  constexpr std::size_t before_name = 5;  // length of the list, kind, length of the name
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size <= before_name) return {};
  const std::size_t length = static_cast<std::size_t>(bytes[3]) << 8U | bytes[4];
  if (bytes[2] != TLSEXT_NAMETYPE_host_name || length != size - before_name) return {};
  return {reinterpret_cast<const char*>(bytes) + before_name, length};
}

}  // namespace

/// The library's questions. `data` of a context is the ServerContext, that of a connection its Engine.
struct ServerCallbacks {
  static const ServerContext& context_of(void* argument) { return *static_cast<const ServerContext*>(argument); }
  static Engine& engine_of(SSL* ssl) { return *static_cast<Engine*>(SSL_get_app_data(ssl)); }

  static int server_name(SSL* ssl, int*, void* argument) {
    if (engine_of(ssl).facts_.protocol == challenge_protocol) return SSL_TLSEXT_ERR_OK;  // it has its certificate
    const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const ServerContext& context = context_of(argument);
    Facts& facts = engine_of(ssl).facts_;
    facts.server_name = text::to_lower(asked);
    if (facts.server_name.ends_with('.')) facts.server_name.pop_back();
    facts.identity = context.set_for(facts.server_name);
    if (facts.identity != 0) SSL_set_SSL_CTX(ssl, context.sets_[facts.identity]);
    return SSL_TLSEXT_ERR_OK;
  }

  static int protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                      unsigned offered_size, void* argument) {
    const std::string& ours = context_of(argument).offered_;
    unsigned char* found = nullptr;
    const int outcome = SSL_select_next_proto(&found, chosen_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                              static_cast<unsigned>(ours.size()), offered, offered_size);
    *chosen = found;
    // RFC 7301 section 3.2: whoever names only what we do not speak is told so, and not misunderstood.
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static int challenge_chosen(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char*,
                              unsigned, void*) {
    *chosen = reinterpret_cast<const unsigned char*>(challenge_protocol.data());
    *chosen_size = static_cast<unsigned char>(challenge_protocol.size());
    return SSL_TLSEXT_ERR_OK;
  }

  /// Before all else is decided: an authority that looks for a proof is shown that, and nothing of the site.
  static int hello(SSL* ssl, int* alert, void* argument) {
    if (!asks_for_proof(ssl)) return SSL_CLIENT_HELLO_SUCCESS;
    const std::string name = text::to_lower(host_in_hello(ssl));
    const auto shown = context_of(argument).settings_.challenges->shown_for(name);
    Context proof(shown == nullptr ? nullptr : SSL_CTX_new(TLS_server_method()));
    if (proof == nullptr || SSL_CTX_use_cert_and_key(proof.get(), shown->leaf_, shown->key_, nullptr, 1) != 1) {
      ERR_clear_error();
      *alert = SSL_AD_UNRECOGNIZED_NAME;
      return SSL_CLIENT_HELLO_ERROR;
    }
    SSL_CTX_set_alpn_select_cb(proof.get(), &challenge_chosen, nullptr);
    SSL_set_SSL_CTX(ssl, proof.get());
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(ssl, 0);
    Facts& facts = engine_of(ssl).facts_;
    facts.server_name = name;
    facts.protocol = challenge_protocol;
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  /// A client asks for the authority's word on the certificate that was chosen for it. One that has become stale since
  /// the context was made would make it refuse what it takes without.
  static int staple(SSL* ssl, void* argument) {
    const auto& staples = context_of(argument).staples_;
    const auto found = staples.find(SSL_get_certificate(ssl));
    if (found == staples.end() || AcceptedOn::of(ssl) >= found->second->until) return SSL_TLSEXT_ERR_NOACK;
    const std::string& answer = found->second->answer;
    void* const copy = OPENSSL_memdup(answer.data(), answer.size());  // the library's own from here on
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(answer.size()));
    return SSL_TLSEXT_ERR_OK;
  }

  static bool use(EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, const TicketKey& key, const unsigned char* iv, bool seals) {
    std::array<OSSL_PARAM, 3> parameters = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<std::uint8_t*>(key.mac.data()),
                                          key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
        OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, seals ? 1 : 0) == 1 &&
           EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  }

  // 0: no such key, do a full handshake. 2: good, and give the client a new ticket; TLS 1.3 wants one each time, since
  // a client uses each but once (RFC 8446 appendix C.4).
  static int ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                    int seals) {
    const Engine& engine = engine_of(ssl);
    TicketKeys& keys = *static_cast<const ServerContext*>(engine.keeps_.get())->settings_.tickets;
    if (seals == 1) {
      const TicketKey key = keys.sealing(engine.begun_);
      std::ranges::copy(key.name, name);
      if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
      return use(cipher, mac, key, iv, true) ? 1 : -1;
    }
    const auto found = keys.opening(std::span<const std::uint8_t, 16>(name, 16), engine.begun_);
    if (!found) return 0;
    if (!use(cipher, mac, found->key, iv, false)) return -1;
    return found->first && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
  }

  // Everything else allows it: the ticket, its age, the protocol, the name.
  static int early_data(SSL* ssl, void* argument) {
    const ServerSettings& settings = context_of(argument).settings_;
    std::array<std::uint8_t, SSL3_RANDOM_SIZE> random{};
    SSL_get_client_random(ssl, random.data(), random.size());
    // Not the core's moment, as elsewhere: a hello may come long after its connection was accepted, and to the record
    // that would be a step back in time.
    // tidy: allow clock, the library asks the machine's own for the age of a ticket at this very moment
    const auto now = std::chrono::time_point_cast<Time::duration>(std::chrono::steady_clock::now());
    const Time at{now.time_since_epoch()};
    const bool shared = settings.tickets->from_file();
    return (shared ? settings.early_data->admit_of_shared_keys(random, at) : settings.early_data->admit(random, at));
  }

  static void set_up_early_data(SSL_CTX* context, const ServerContext& owner) {
    // Each hello is taken once by HelloRecord; the library's way would keep a session for each ticket.
    SSL_CTX_set_options(context, SSL_OP_NO_ANTI_REPLAY);
    SSL_CTX_set_max_early_data(context, EarlyData::bytes_max);
    SSL_CTX_set_recv_max_early_data(context, EarlyData::bytes_max);
    SSL_CTX_set_allow_early_data_cb(context, &early_data, const_cast<ServerContext*>(&owner));
  }

  static void set_up_clients(SSL_CTX* context, const ServerSettings& settings) {
    const int must = settings.clients == ClientCertificates::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | must, nullptr);
    SSL_CTX_set_verify_depth(context, static_cast<int>(settings.client_depth));
  }

  /// What all sets of a listener have in common.
  static void set_up(SSL_CTX* context, const ServerSettings& settings, const ServerContext& owner) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_min_proto_version(context, settings.oldest == Version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, machine_has_aes() ? suites_13 : suites_13_without_aes);
    SSL_CTX_set_cipher_list(context, ciphers_12);
    SSL_CTX_set1_groups_list(context, groups);
    SSL_CTX_set_max_cert_list(context, limits::tls_handshake_bytes);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets are enough: nothing is kept per client
    // Who resumes is not asked for a certificate again: what has changed about them ends the tickets before.
    const crypto::Digest scope =
        crypto::sha256(settings.scope + '\n' + settings.client_authorities + settings.client_revocation);
    SSL_CTX_set_session_id_context(context, scope.data(), static_cast<unsigned>(scope.size()));
    SSL_CTX_set_timeout(context, ticket_seconds);
    if (settings.tickets == nullptr) {
      SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
      SSL_CTX_set_num_tickets(context, 0);
    } else {
      SSL_CTX_set_num_tickets(context, 1);  // two, as is the default, cost 25 us of a handshake more
      SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &ticket);
    }
    SSL_CTX_set_tlsext_servername_callback(context, &server_name);
    SSL_CTX_set_tlsext_servername_arg(context, const_cast<ServerContext*>(&owner));
    if (settings.challenges != nullptr)
      SSL_CTX_set_client_hello_cb(context, &hello, const_cast<ServerContext*>(&owner));
    if (!owner.staples_.empty()) {
      SSL_CTX_set_tlsext_status_cb(context, &staple);
      SSL_CTX_set_tlsext_status_arg(context, const_cast<ServerContext*>(&owner));
    }
    if (!owner.offered_.empty()) SSL_CTX_set_alpn_select_cb(context, &protocol, const_cast<ServerContext*>(&owner));
    if (settings.clients != ClientCertificates::off) set_up_clients(context, settings);
    if (settings.early_data != nullptr && settings.tickets != nullptr) set_up_early_data(context, owner);
  }

  static std::expected<SSL_CTX*, std::string> make_set(const Set& set, const ServerContext& owner) {
    const ServerSettings& settings = owner.settings_;
    Context context(SSL_CTX_new(TLS_server_method()));
    if (context == nullptr) return std::unexpected(last_complaint());
    set_up(context.get(), settings, owner);
    if (settings.clients != ClientCertificates::off && !add_authorities(context.get(), settings.client_authorities))
      return std::unexpected("there is no certificate among the clients' authorities");
    if (!settings.client_revocation.empty()) {
      // One store for all sets: lists may be long.
      if (!owner.sets_.empty())
        SSL_CTX_set1_cert_store(context.get(), SSL_CTX_get_cert_store(owner.sets_.front()));
      else if (!add_revocation(SSL_CTX_get_cert_store(context.get()), settings.client_revocation))
        return std::unexpected("there is no list of revoked certificates");
    }
    for (const std::optional<std::size_t>& member : set) {
      if (!member) continue;
      const Identity& identity = *settings.shown[*member].identity;
      STACK_OF(X509)* chain = sk_X509_new_null();
      for (X509* each : identity.chain_) sk_X509_push(chain, each);
      const bool taken = SSL_CTX_use_cert_and_key(context.get(), identity.leaf_, identity.key_, chain, 1) == 1;
      sk_X509_free(chain);
      if (!taken) return std::unexpected(identity.title() + ": " + last_complaint());
    }
    return context.release();
  }
};

namespace {

/// Puts certificates together to sets, each combination once. What each name has is noted first: a listener may have
/// ten thousand of them.
class Sets {
 public:
  explicit Sets(const std::vector<Shown>& shown) : shown_(shown) {
    for (std::size_t at = 0; at < shown.size(); ++at) {
      const Identity& identity = *shown[at].identity;
      for (const std::string& name : identity.names()) {
        std::optional<std::size_t>& place = named_[name][index_of(identity.kind())];
        if (!place) place = at;
      }
    }
  }

  /// For a name as certificates write it. \param first  goes before all others of its kind
  Set of(std::string_view name, std::optional<std::size_t> first = {}) const {
    Set set;
    if (first) set[index_of(shown_[*first].identity->kind())] = first;
    add(set, name);
    const std::size_t dot = name.find('.');
    const bool may_be_covered = !name.starts_with("*.") && dot != std::string_view::npos && dot > 0;
    if (may_be_covered) add(set, "*" + std::string(name.substr(dot)));
    return set;
  }

 private:
  /// Where nothing is yet.
  void add(Set& set, std::string_view name) const {
    const auto found = named_.find(name);
    if (found == named_.end()) return;
    for (std::size_t kind = 0; kind < set.size(); ++kind) {
      if (!set[kind]) set[kind] = found->second[kind];
    }
  }

  const std::vector<Shown>& shown_;
  std::map<std::string, Set, std::less<>> named_;  // of each kind of key the first that has exactly this name
};

}  // namespace

std::expected<std::shared_ptr<const ServerContext>, std::string> ServerContext::make(const ServerSettings& settings) {
  std::shared_ptr<ServerContext> made(new ServerContext);
  made->settings_ = settings;
  made->offered_ = alpn_wire(settings.protocols);
  for (const Shown& each : made->settings_.shown) {
    if (!each.staple.answer.empty()) made->staples_.emplace(each.identity->leaf(), &each.staple);
  }
  const Sets sets(made->settings_.shown);
  std::map<Set, std::uint32_t> numbers;
  const auto number_of = [&](const Set& set) -> std::expected<std::uint32_t, std::string> {
    const auto [place, is_new] = numbers.try_emplace(set, static_cast<std::uint32_t>(made->sets_.size()));
    if (!is_new) return place->second;
    auto context = ServerCallbacks::make_set(set, *made);
    if (!context) return std::unexpected(context.error());
    made->sets_.push_back(*context);
    return place->second;
  };
  const Identity& first = *settings.shown[settings.shown_by_default].identity;
  const auto shown_by_default =
      number_of(sets.of(first.names().empty() ? std::string() : first.names().front(), settings.shown_by_default));
  if (!shown_by_default) return std::unexpected(shown_by_default.error());
  for (const Shown& each : settings.shown) {
    for (const std::string& name : each.identity->names()) {
      const auto number = number_of(sets.of(name));
      if (!number) return std::unexpected(number.error());
      if (name.starts_with("*."))
        made->wildcard_.try_emplace(name.substr(1), *number);
      else
        made->exact_.try_emplace(name, *number);
    }
  }
  return made;
}

ServerContext::~ServerContext() {
  for (SSL_CTX* each : sets_) SSL_CTX_free(each);
}

const std::uint32_t* ServerContext::find(std::string_view host) const {
  if (const auto found = exact_.find(host); found != exact_.end()) return &found->second;
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0) return nullptr;
  const auto found = wildcard_.find(host.substr(dot));
  return found == wildcard_.end() ? nullptr : &found->second;
}

std::uint32_t ServerContext::set_for(std::string_view host) const {
  const std::uint32_t* found = find(host);
  return found == nullptr ? 0 : *found;
}
bool ServerContext::knows(std::string_view host) const {
  return find(host) != nullptr;
}

std::unique_ptr<Engine> ServerContext::accept(Workbench& bench, Time now, WallTime today) const {
  SSL* ssl = SSL_new(sets_.front());
  SSL_set_accept_state(ssl);
  if (takes_early_data()) EarlyData::expect(ssl);
  if (!staples_.empty()) AcceptedOn::note(ssl, today);
  auto engine = std::make_unique<Engine>(ssl, bench, shared_from_this());
  engine->begun_ = now;
  engine->facts_.context = this;
  return engine;
}

}  // namespace weir::tls
