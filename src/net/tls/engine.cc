// Where the library's wish to read and write meets memory.
#include "net/tls/engine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/invariant.h"
#include "base/limits.h"
#include "net/tls/early_data.h"
#include "net/tls/openssl.h"

namespace weir::tls {
namespace {

// The most that one record holds (RFC 8446 section 5.1).
constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::size_t plain_bytes = limits::scratch_bytes;

Failure failure_of(unsigned long code) {
  switch (ERR_GET_REASON(code)) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return Failure::plain_http;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
      return Failure::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return Failure::no_shared_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return Failure::no_shared_cipher;
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
      return Failure::no_shared_group;
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return Failure::no_shared_protocol;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Failure::certificate_untrusted;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return Failure::certificate_missing;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return Failure::refused_by_peer;
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      return Failure::name_unknown;
    default:
      // What an alert from the other side is reported as begins there.
      return ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET ? Failure::alert : Failure::protocol_error;
  }
}

constexpr std::array failure_names = {
#define WEIR_TLS_NAME(name, sentence) std::string_view(#name),
    WEIR_TLS_FAILURES(WEIR_TLS_NAME)
#undef WEIR_TLS_NAME
};
constexpr std::array failure_sentences = {
#define WEIR_TLS_SENTENCE(name, sentence) sentence,
    WEIR_TLS_FAILURES(WEIR_TLS_SENTENCE)
#undef WEIR_TLS_SENTENCE
};

}  // namespace

const std::vector<std::string_view>& spoken_protocols() {
  static const std::vector<std::string_view> names{"h2", "http/1.1"};
  return names;
}

std::string_view name_of(Failure failure) {
  return failure_names[static_cast<std::size_t>(failure)];
}
const char* sentence_of(Failure failure) {
  return failure_sentences[static_cast<std::size_t>(failure)];
}

std::span<char> Workbench::plain() {
  if (memory_ == nullptr) memory_ = std::make_unique_for_overwrite<char[]>(plain_bytes + record_bytes);
  return {memory_.get(), plain_bytes};
}
std::span<char> Workbench::record() {
  return {plain().data() + plain_bytes, record_bytes};
}

/// What the library takes for a socket.
struct BioOfEngine {
  static Engine& engine(BIO* bio) { return *static_cast<Engine*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, std::size_t room, std::size_t* count) {
    BIO_clear_retry_flags(bio);
    std::string_view& incoming = engine(bio).incoming_;
    *count = std::min(room, incoming.size());
    if (*count == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(to, incoming.data(), *count);
    incoming.remove_prefix(*count);
    return 1;
  }

  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
    BIO_clear_retry_flags(bio);
    engine(bio).outgoing_->append(from, size);
    *count = size;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(Engine& engine) {
    // One for the process, never changed.
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir engine");
      BIO_meth_set_read_ex(made, &read);
      BIO_meth_set_write_ex(made, &write);
      BIO_meth_set_ctrl(made, &control);
      return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &engine);
    BIO_set_init(bio, 1);
    return bio;
  }
};

Engine::Engine(ssl_st* ssl, Workbench& bench, std::shared_ptr<const void> keeps)
    : ssl_(ssl), bench_(bench), keeps_(std::move(keeps)), outgoing_(&owed_) {
  invariant(ssl_ != nullptr, "there is memory for a connection's TLS");
  BIO* bio = BioOfEngine::make(*this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
}

// A session that was not shut down would not be resumed again (SSL_free(3), "marked as bad").
Engine::~Engine() {
  if (shaken_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

void Engine::take(std::span<const char> received) {
  if (kept_.empty()) {
    incoming_ = {received.data(), received.size()};
    return;
  }
  kept_.append(received.data(), received.size());
  incoming_ = kept_;
}

// What the library has not read yet would be lost with the scratch.
void Engine::keep_rest() {
  if (incoming_.empty()) {
    if (kept_.capacity() > std::string().capacity()) std::string().swap(kept_);  // an idle connection owns no buffer
    kept_.clear();
  } else {
    kept_ = std::string(incoming_);
  }
  incoming_ = {};
}

Error Engine::failed(int outcome) {
  const int kind = SSL_get_error(ssl_, outcome);
  // The first complaint is the reason, unless other parts of the library (of certificates, of keys) complained before.
  const unsigned long first = ERR_peek_error();
  const unsigned long code = ERR_GET_LIB(first) == ERR_LIB_SSL ? first : ERR_peek_last_error();
  failure_ = kind == SSL_ERROR_SSL ? failure_of(code) : Failure::protocol_error;
  // TLS 1.2 has one alert for both: where a suite was agreed on before, the server misses a certificate.
  if (failure_ == Failure::no_shared_cipher && SSL_is_server(ssl_) == 0 && SSL_get_pending_cipher(ssl_) != nullptr)
    failure_ = SSL_get_certificate(ssl_) == nullptr ? Failure::certificate_missing : Failure::refused_by_peer;
  ERR_clear_error();
  broken_ = true;
  const Origin peer = SSL_is_server(ssl_) == 1 ? Origin::client : Origin::upstream;
  if (failure_ == Failure::certificate_untrusted) {
    const long why = SSL_get_verify_result(ssl_);
    const char* text = why == X509_V_ERR_APPLICATION_VERIFICATION ? "the URI of the certificate is not the expected one"
                                                                  : X509_verify_cert_error_string(why);  // static
    if (why == X509_V_ERR_CERT_REVOKED) failure_ = Failure::certificate_revoked;
    return {.code = Code::certificate_untrusted, .origin = peer, .text = text};
  }
  return {.code = Code::tls_failed, .origin = peer, .text = sentence_of(failure_)};
}

Result<bool> Engine::shake(std::span<const char> received) {
  const Origin peer = SSL_is_server(ssl_) == 1 ? Origin::client : Origin::upstream;
  handshake_bytes_ += received.size();
  take(received);
  ERR_clear_error();
  EarlyData* const early = EarlyData::of(ssl_);
  const int outcome = early == nullptr ? SSL_do_handshake(ssl_) : early->shake(ssl_, bench_.record());
  if (outcome != 1 && SSL_get_error(ssl_, outcome) != SSL_ERROR_WANT_READ) {
    incoming_ = {};
    return fail(failed(outcome));
  }
  keep_rest();
  // Not before: what stands behind the end of the handshake may be as long as it likes.
  if (outcome != 1 && handshake_bytes_ > limits::tls_handshake_bytes) {
    failure_ = Failure::too_long;
    return fail(Error{.code = Code::tls_failed, .origin = peer, .text = sentence_of(failure_)});
  }
  if (outcome != 1) return false;
  shaken_ = true;
  facts_.early = early != nullptr && early->open();
  learn_facts();
  return true;
}

void Engine::learn_facts() {
  facts_.version = SSL_get_version(ssl_);
  if (const char* cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_))) facts_.cipher = cipher;
  facts_.resumed = SSL_session_reused(ssl_) == 1;
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &protocol, &length);
  facts_.protocol.assign(reinterpret_cast<const char*>(protocol), length);
  if (SSL_is_server(ssl_) == 0 || SSL_get_verify_result(ssl_) != X509_V_OK) return;
  X509* shown = SSL_get0_peer_certificate(ssl_);
  unsigned char* der = nullptr;
  const int bytes = shown == nullptr ? 0 : i2d_X509(shown, &der);
  if (bytes > 0) facts_.certificate.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(bytes));
  OPENSSL_free(der);
}

Result<std::size_t> Engine::open(std::span<const char> received, std::span<char> room) {
  take(received);
  ERR_clear_error();
  std::size_t total = 0;
  if (EarlyData* const early = EarlyData::of(ssl_); early != nullptr && (early->open() || early->has_bytes())) {
    const int outcome = early->open() ? early->read_on(ssl_, bench_.record()) : 1;
    facts_.early = early->open();
    if (outcome != 1 && SSL_get_error(ssl_, outcome) != SSL_ERROR_WANT_READ) {
      incoming_ = {};
      return fail(failed(outcome));
    }
    total = early->take(room);
    if (outcome != 1 || early->has_bytes()) {
      keep_rest();
      return total;
    }
  }
  while (total < room.size() && !closed_) {
    std::size_t count = 0;
    const int outcome = SSL_read_ex(ssl_, room.data() + total, room.size() - total, &count);
    if (outcome == 1) {
      total += count;
      if (incoming_.empty() && SSL_pending(ssl_) == 0) break;
      continue;
    }
    const int kind = SSL_get_error(ssl_, outcome);
    if (kind == SSL_ERROR_WANT_READ) break;
    if (kind == SSL_ERROR_ZERO_RETURN) {
      closed_ = true;
    } else {
      incoming_ = {};
      return fail(failed(outcome));
    }
  }
  keep_rest();
  return total;
}

bool Engine::unread() const {
  const EarlyData* const early = EarlyData::of(ssl_);
  // An end that came in one piece with the last bytes has been read with them, and is still to be told.
  return closed_ || !kept_.empty() || SSL_pending(ssl_) > 0 || (early != nullptr && early->has_bytes());
}

bool Engine::seal_piece(std::string_view piece) {
  std::size_t written = 0;
  if (facts_.early) return piece.empty() || SSL_write_early_data(ssl_, piece.data(), piece.size(), &written) == 1;
  return piece.empty() || SSL_write_ex(ssl_, piece.data(), piece.size(), &written) == 1;
}

// Small pieces share a record: each costs 22 bytes, a call of the cipher, and a wake-up of whoever reads.
Result<std::string_view> Engine::seal(std::span<const std::string_view> pieces) {
  if (broken_ || said_goodbye_) return fail(gateway_error(Code::tls_failed, "the TLS session has ended"));
  ERR_clear_error();
  bench_.sealed.clear();
  bench_.sealed.append(owed_);
  owed_.clear();
  outgoing_ = &bench_.sealed;
  const std::span<char> record = bench_.record();
  std::size_t filled = 0;
  bool good = true;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && good) {
      if (filled == 0 && (piece.size() >= record.size() || pieces.size() == 1)) {
        good = seal_piece(piece);
        break;
      }
      const std::size_t count = std::min(piece.size(), record.size() - filled);
      std::memcpy(record.data() + filled, piece.data(), count);
      filled += count;
      piece.remove_prefix(count);
      if (filled == record.size()) good = seal_piece({record.data(), std::exchange(filled, 0)});
    }
  }
  good = good && seal_piece({record.data(), filled});
  outgoing_ = &owed_;
  if (!good) return fail(failed(0));
  return bench_.sealed;
}

std::string_view Engine::goodbye() {
  if (broken_ || said_goodbye_ || !shaken_) return {};
  if (facts_.early) return {};  // cannot yet
  said_goodbye_ = true;
  ERR_clear_error();
  bench_.sealed.clear();
  bench_.sealed.append(owed_);
  owed_.clear();
  outgoing_ = &bench_.sealed;
  SSL_shutdown(ssl_);
  // Half of an end: the library would read nothing but data from here on, not even a ticket that is on its way.
  SSL_set_shutdown(ssl_, SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN);
  outgoing_ = &owed_;
  ERR_clear_error();
  return bench_.sealed;
}

}  // namespace weir::tls
