// An authority that is made up: it speaks as much of ACME as an order needs, checks what a real one checks of it, and
// has the moods a test gives it.
//
//   FakeAuthority authority(shard.reactor, "10.0.0.1:14000");
//   authority.bad_nonces = 3;
//   authority.server.die();
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/base64url.h"
#include "net/tls/testing/test_authority.h"
#include "upstream/testing/scripted_server.h"

namespace weir::acme {

class FakeAuthority {
 public:
  /// \param now  dates what it issues
  FakeAuthority(Reactor& reactor, std::string address, std::function<WallTime()> now)
      : base("http://" + address),
        server(reactor, UpstreamAddress{*socket_address(*parse_endpoint(address))}),
        now_(std::move(now)) {
    server.answer_to = [this](std::string_view request) { return answer(std::string(request)); };
  }

  std::string base;
  ScriptedServer server;
  unsigned bad_nonces = 0;   ///< refuses so many that are good
  std::string every_answer;  ///< in place of all others; empty: none
  bool offers_renewals = true;
  std::string window;                      ///< `"start": "...", "end": "..."`; empty: 404
  Duration lasts = std::chrono::hours{6};  ///< what it issues
  bool proofs_fail = false;
  bool issues_nonsense = false;          ///< in place of a certificate
  bool knows_external_accounts = false;  ///< and wants one
  std::function<std::string(const std::string& token)> look = [](const std::string&) { return std::string(); };

  unsigned orders = 0;
  unsigned accounts = 0;  ///< of different keys
  unsigned issued = 0;
  std::vector<std::string> order_payloads;
  std::vector<std::string> account_payloads;
  std::vector<std::string> seen_proofs;  ///< what `look` found

 private:
  static std::string member(const std::string& json, std::string_view name) {
    const std::string begin = fmt::format("\"{}\":\"", name);
    const std::size_t at = json.find(begin);
    if (at == std::string::npos) return {};
    return json.substr(at + begin.size(), json.find('"', at + begin.size()) - at - begin.size());
  }

  std::string say(int status, const std::string& body, const std::string& fields = {}) {
    const std::string nonce = fmt::format("nonce-{}", ++nonces_made_);
    nonces_.insert(nonce);
    return fmt::format("HTTP/1.1 {} Said\r\nreplay-nonce: {}\r\n{}content-length: {}\r\n\r\n{}", status, nonce, fields,
                       body.size(), body);
  }
  std::string problem(int status, std::string_view type) {
    return say(status, fmt::format(R"({{"type":"urn:ietf:params:acme:error:{}","detail":"as the test wants"}})", type));
  }

  std::string answer(const std::string& request) {
    if (!every_answer.empty()) return every_answer;
    const std::string method = request.substr(0, request.find(' '));
    const std::size_t begin = method.size() + 1;
    const std::string path = request.substr(begin, request.find(' ', begin) - begin);
    if (path == "/directory") return say(200, directory());
    if (path == "/nonce") return say(200, "");
    if (path.starts_with("/renewal/"))
      return window.empty() ? say(404, "{}")
                            : say(200, "{\"suggestedWindow\": {" + window + "}}", "retry-after: 600\r\n");
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    const std::string header = decode_base64url(member(body, "protected")).value_or("");
    if (member(header, "url") != base + path) return problem(400, "unauthorized");
    const bool good_nonce = nonces_.erase(member(header, "nonce")) == 1;
    if (!good_nonce || bad_nonces > 0) {
      if (bad_nonces > 0) --bad_nonces;
      return problem(400, "badNonce");
    }
    return act(path, header, decode_base64url(member(body, "payload")).value_or(""));
  }

  [[nodiscard]] std::string directory() const {
    return fmt::format(R"({{"newNonce":"{0}/nonce","newAccount":"{0}/account","newOrder":"{0}/order"{1},
                            "meta":{{"externalAccountRequired":{2}}}}})",
                       base, offers_renewals ? fmt::format(R"(,"renewalInfo":"{}/renewal")", base) : "",
                       knows_external_accounts);
  }

  std::string act(const std::string& path, const std::string& header, const std::string& payload) {
    if (path == "/account") {
      if (!header.contains("\"jwk\"")) return problem(400, "malformed");
      if (knows_external_accounts && !payload.contains("externalAccountBinding"))
        return problem(403, "externalAccountRequired");
      account_payloads.push_back(payload);
      const bool is_new = account_keys_.insert(member(header, "x")).second;
      if (is_new) ++accounts;
      return say(is_new ? 201 : 200, "{\"status\":\"valid\"}", fmt::format("location: {}/account/1\r\n", base));
    }
    if (member(header, "kid") != base + "/account/1") return problem(400, "accountDoesNotExist");
    if (path == "/account/1") {
      account_payloads.push_back(payload);
      return say(200, "{\"status\":\"valid\"}");
    }
    if (path == "/order") {
      ++orders;
      order_payloads.push_back(payload);
      name_ = member(payload, "value");
      proved_ = finalized_ = false;
      return say(201, order(), fmt::format("location: {}/order/1\r\n", base));
    }
    if (path == "/order/1") return say(200, order());
    if (path == "/authorization/1") return say(200, authorization());
    if (path == "/challenge/1") {
      seen_proofs.push_back(look("token-1"));
      proved_ = true;
      return say(200, challenge());
    }
    if (path == "/finalize/1") {
      const std::string request = decode_base64url(member(payload, "csr")).value_or("");
      chain_ = tls::test_root().grant(request, {.names = {name_}}, now_(), now_() + lasts);
      if (chain_.empty()) return problem(400, "badCSR");
      finalized_ = true;
      return say(200, order());
    }
    if (path == "/certificate/1") {
      ++issued;
      return say(200, issues_nonsense ? "<html></html>" : chain_);
    }
    return problem(404, "malformed");
  }

  [[nodiscard]] std::string_view proof_status() const {
    return !proved_ ? "pending" : proofs_fail ? "invalid" : "valid";
  }
  [[nodiscard]] std::string order() const {
    const std::string_view status = finalized_               ? "valid"
                                    : proved_ && proofs_fail ? "invalid"
                                    : proved_                ? "ready"
                                                             : "pending";
    return fmt::format(R"({{"status":"{1}","authorizations":["{0}/authorization/1"],"finalize":"{0}/finalize/1"{2}}})",
                       base, status, finalized_ ? fmt::format(R"(,"certificate":"{}/certificate/1")", base) : "");
  }
  [[nodiscard]] std::string challenge() const {
    return fmt::format(R"({{"type":"http-01","url":"{}/challenge/1","token":"token-1","status":"{}"{}}})", base,
                       proof_status(),
                       proved_ && proofs_fail ? R"(,"error":{"type":"urn:ietf:params:acme:error:connection"})" : "");
  }
  [[nodiscard]] std::string authorization() const {
    return fmt::format(R"({{"status":"{}","identifier":{{"type":"dns","value":"{}"}},"challenges":[{}]}})",
                       proof_status(), name_, challenge());
  }

  std::function<WallTime()> now_;
  std::set<std::string> nonces_;
  std::set<std::string> account_keys_;
  unsigned nonces_made_ = 0;
  std::string name_;
  std::string chain_;
  bool proved_ = false;
  bool finalized_ = false;
};

}  // namespace weir::acme
