// The authority first, then a certificate for each entry of `names`.
#include "app/acme/build.h"

#include <fmt/format.h>

#include "base/base64url.h"
#include "base/text.h"
#include "runtime/file_content.h"

namespace weir::acme {
namespace {

/// \returns  null after errors
std::shared_ptr<const tls::ClientContext> believed(const config::AcmeDocument& document, WatchedFiles& files,
                                                   Diagnostics& diagnostics) {
  tls::ClientSettings settings{.protocols = {"http/1.1"}};
  if (!document.authorities.empty()) {
    const std::string path = path_beside(document.place, document.authorities);
    auto content = read_file(path, limits::tls_file_bytes);
    if (!content) {
      diagnostics.error(document.place, document.path + ".authorities",
                        fmt::format("cannot read {}: {}", path, content.error()));
      return nullptr;
    }
    files.note(path, content->bytes);
    settings.authorities = std::move(content->bytes);
  }
  auto made = tls::ClientContext::make(settings);
  if (made) return *made;
  diagnostics.error(document.place, document.path + ".authorities", made.error());
  return nullptr;
}

std::shared_ptr<const Authority> authority_of(const config::AcmeDocument& document, WatchedFiles& files,
                                              Diagnostics& diagnostics) {
  auto authority = std::make_shared<Authority>();
  authority->name = document.directory;
  authority->settings.directory = *parse_url(document.directory_url());
  authority->settings.contacts = document.contact;
  authority->settings.profile = document.profile;
  if (document.external_account)
    authority->settings.external_account =
        ExternalAccount{.key_id = document.external_account->key_id,
                        .secret = decode_base64url(text::trim(document.external_account->key)).value_or("")};
  authority->settings.context = believed(document, files, diagnostics);
  return authority->settings.context == nullptr ? nullptr : authority;
}

}  // namespace

std::optional<ListenerCertificates> listener_certificates(const config::AcmeDocument& document, WatchedFiles& files,
                                                          SharedStates& states, Diagnostics& diagnostics) {
  const auto authority = authority_of(document, files, diagnostics);
  if (authority == nullptr) return {};
  ListenerCertificates made;
  made.proofs = states.find_or_make<ProofTable>(ProofTable::key, &std::make_shared<ProofTable>);
  for (const config::AcmeNames& each : document.names) {
    made.managed.push_back(states.find_or_make<ManagedCertificate>(
        ManagedCertificate::key_of(each.names, *authority, document.challenge),
        [&] { return std::make_shared<ManagedCertificate>(each.names, document.challenge, authority); }));
  }
  if (document.on_demand) {
    const OnDemandRules& rules = *document.on_demand;
    const std::string key = fmt::format("acme on demand {} {} {} {} {}", fmt::join(rules.patterns, " "),
                                        rules.ask ? rules.ask->text() : "-", rules.per_hour, authority->identity(),
                                        name_of(document.challenge));
    made.on_demand = states.find_or_make<OnDemand>(
        key, [&] { return std::make_shared<OnDemand>(rules, document.challenge, authority, states); });
  }
  return made;
}

}  // namespace weir::acme
