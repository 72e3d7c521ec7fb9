// A handshake with a server that may be wrong in any way, and what is to be learned from one that fails.
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "net/address.h"
#include "net/tls/certificate_text.h"
#include "net/tls/examination.h"
#include "net/tls/openssl.h"

namespace weir::tls {
namespace {

using Session = std::unique_ptr<SSL, Freed<&SSL_free>>;

/// Under TLS 1.3 a server refuses only behind the handshake: so long is waited for that.
constexpr auto refusal_patience = std::chrono::seconds{2};

std::chrono::steady_clock::time_point now() {
  return std::chrono::steady_clock::now();  // tidy: allow clock, only commands come here, which have no reactor
}

/// What is offered: what Weir speaks, or all that this library ever knew.
enum class Offer : std::uint8_t { present, ancient };

// A certificate that is asked for is noticed here; that it is required shows only when nothing was sent.
int note_request(SSL* ssl, X509**, EVP_PKEY**) {
  *static_cast<bool*>(SSL_get_app_data(ssl)) = true;
  return 0;
}

/// One try at shaking hands.
class Try {
 public:
  Try(int socket, const Inquiry& inquiry, Offer offer) : socket_(socket) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);  // what is wrong is to be seen, not refused
    SSL_CTX_set_client_cert_cb(context_.get(), &note_request);
    SSL_CTX_set_options(context_.get(), SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_min_proto_version(context_.get(), offer == Offer::present ? TLS1_2_VERSION : TLS1_VERSION);
    if (offer == Offer::ancient) SSL_CTX_set_cipher_list(context_.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
    session_.reset(SSL_new(context_.get()));
    SSL_set_app_data(session_.get(), &asked_);
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    SSL_set_fd(session_.get(), socket);
    SSL_set_tlsext_status_type(session_.get(), TLSEXT_STATUSTYPE_ocsp);
    if (!inquiry.host.empty() && !IpAddress::parse(inquiry.host))
      SSL_set_tlsext_host_name(session_.get(), inquiry.host.c_str());
    shaken_ = persist([this] { return SSL_connect(session_.get()); }, inquiry.patience) == 1;
    reason_ = ERR_GET_REASON(ERR_peek_error());
  }
  Try(const Try&) = delete;
  Try& operator=(const Try&) = delete;
  ~Try() {
    ERR_clear_error();
    ::close(socket_);
  }

  [[nodiscard]] bool shaken() const { return shaken_; }
  /// Whether the time was over before the other side had said enough.
  [[nodiscard]] bool late() const { return late_; }
  [[nodiscard]] int reason() const { return reason_; }
  [[nodiscard]] std::string version() const { return SSL_get_version(session_.get()); }
  [[nodiscard]] std::string cipher() const {
    const char* name = SSL_CIPHER_standard_name(SSL_get_current_cipher(session_.get()));
    return name == nullptr ? "?" : name;
  }

  /// The chain as PEM, as it was sent.
  [[nodiscard]] std::string chain() const {
    const Bio out(BIO_new(BIO_s_mem()));
    const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(session_.get());
    for (int at = 0; at < sk_X509_num(sent); ++at) PEM_write_bio_X509(out.get(), sk_X509_value(sent, at));
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  [[nodiscard]] std::string_view staple() const {
    const unsigned char* answer = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(session_.get(), static_cast<void*>(&answer));
    return size <= 0 ? std::string_view()
                     : std::string_view(reinterpret_cast<const char*>(answer), static_cast<std::size_t>(size));
  }

  /// Whether the server wants a client certificate and gives up without.
  [[nodiscard]] bool refused() {
    if (!asked_) return false;
    if (shaken_) {
      char byte = 0;
      if (persist([&] { return SSL_peek(session_.get(), &byte, 1); }, refusal_patience) > 0) return false;
      reason_ = ERR_GET_REASON(ERR_peek_error());
    }
    return reason_ == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED || reason_ == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE ||
           reason_ == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE;
  }

 private:
  /// Goes on with a call of the library until it is done, or `patience` is over. \returns  what the call did
  template <typename Call>
  int persist(const Call& call, Duration patience) {
    const auto until = now() + patience;
    while (true) {
      ERR_clear_error();
      const int outcome = call();
      const int kind = SSL_get_error(session_.get(), outcome);
      if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) return outcome;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now());
      pollfd question{
          .fd = socket_, .events = kind == SSL_ERROR_WANT_READ ? short{POLLIN} : short{POLLOUT}, .revents = 0};
      late_ = left.count() <= 0 || ::poll(&question, 1, static_cast<int>(left.count())) == 0;
      if (late_) return outcome;
    }
  }

  int socket_;
  Context context_{SSL_CTX_new(TLS_client_method())};
  Session session_;
  bool asked_ = false;
  bool shaken_ = false;
  bool late_ = false;
  int reason_ = 0;
};

/// Why nothing came of it, given what an ancient program would have got.
Diagnosis explain_failure(const Try& present, const Connect& connect, const Inquiry& inquiry) {
  const int reason = present.reason();
  if (present.late())
    return {.fault = Fault::server,
            .what = fmt::format("it takes the connection, and the handshake was not over after {}",
                                std::chrono::duration_cast<std::chrono::seconds>(inquiry.patience)),
            .advice = "is it TLS that is spoken on this port, and does nothing in between swallow what is said?"};
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_UNKNOWN_PROTOCOL)
    return {.fault = Fault::server,
            .what = "what answers there is not TLS",
            .advice = "is it this port? Plain HTTP answers so, and mail servers that want STARTTLS first"};
  if (reason == SSL_R_TLSV1_UNRECOGNIZED_NAME)
    return {.fault = Fault::name,
            .what = fmt::format("the server has no certificate for {}", inquiry.host),
            .advice = "ask for a name that it serves, or give it a certificate for this one"};
  if (const int socket = connect(); socket >= 0) {
    const Try ancient(socket, inquiry, Offer::ancient);
    const bool old = ancient.shaken() && ancient.version() != "TLSv1.2" && ancient.version() != "TLSv1.3";
    if (old)
      return {.fault = Fault::server,
              .what = fmt::format("no version of TLS in common: it speaks {} at best, which nobody should any more",
                                  ancient.version()),
              .advice = "let the server speak TLS 1.2 or 1.3"};
    if (ancient.shaken())
      return {
          .fault = Fault::server,
          .what = fmt::format("no cipher suite in common: it speaks {}, which is not spoken here", ancient.cipher()),
          .advice = "let the server speak ECDHE with AES-GCM or ChaCha20"};
  }
  const char* words = reason == 0 ? nullptr : ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
  if (reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL)
    return {.fault = Fault::server,
            .what = "no version of TLS in common: the server wants one that is not spoken here",
            .advice = "let the server speak TLS 1.2 or 1.3"};
  if (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE || reason == SSL_R_NO_SHARED_CIPHER)
    return {.fault = Fault::server,
            .what = "no cipher suite in common, or the server has none that fits its certificate",
            .advice = "let the server speak ECDHE with AES-GCM or ChaCha20, and look at what its log says"};
  return {
      .fault = Fault::server,
      .what = fmt::format("no handshake: {}", words == nullptr ? "the connection was closed without a word" : words),
      .advice = "is it TLS 1.2 or 1.3 that is spoken there, and on this port?"};
}

}  // namespace

Examination examine_server(const Connect& connect, const Inquiry& inquiry) {
  Examination made;
  const int socket = connect();
  if (socket < 0) {
    made.diagnoses.push_back({.fault = Fault::server, .what = "it cannot be reached", .advice = "is it running?"});
    return made;
  }
  Try present(socket, inquiry, Offer::present);
  const std::string chain = present.chain();
  const bool refused = present.refused();
  if (present.shaken() || !chain.empty()) made = examine_chain(chain, inquiry, present.staple());
  if (present.shaken()) {
    made.version = present.version();
    made.cipher = present.cipher();
  }
  if (refused) {
    made.diagnoses.insert(made.diagnoses.begin(),
                          {.fault = Fault::client,
                           .what = "the server asks for a client certificate, and refuses who has none",
                           .advice = "get one from whoever runs the server, and name it: certificate and key"});
  } else if (!present.shaken()) {
    made.diagnoses.insert(made.diagnoses.begin(), explain_failure(present, connect, inquiry));
  }
  return made;
}

}  // namespace weir::tls
