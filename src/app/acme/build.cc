// The authority first, then a certificate for each entry of `names`.
#include "app/acme/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

/// What is shown now, by name. A name that moves to another group of names, or to another authority, keeps what it has
/// until there is something newer.
class ShownNow {
 public:
  explicit ShownNow(SharedStates& states) {
    for (const auto& each : states.all<ManagedCertificate>()) {
      if (each->facts()) add(each->identity({}));
      for (const auto& other : each->others()) add(other);
    }
  }
  [[nodiscard]] std::vector<std::shared_ptr<const tls::Identity>> of(const std::vector<std::string>& names) const {
    std::vector<std::shared_ptr<const tls::Identity>> found;
    for (const std::string& name : names) {
      const auto shown = by_name_.find(name);
      if (shown != by_name_.end() && std::ranges::find(found, shown->second) == found.end())
        found.push_back(shown->second);
    }
    return found;
  }

 private:
  void add(const std::shared_ptr<const tls::Identity>& identity) {
    for (const std::string& name : identity->names()) {
      std::shared_ptr<const tls::Identity>& place = by_name_[name];
      if (place == nullptr || place->valid_until() < identity->valid_until()) place = identity;
    }
  }

  std::map<std::string, std::shared_ptr<const tls::Identity>> by_name_;
};

}  // namespace

std::optional<ListenerCertificates> listener_certificates(const config::AcmeDocument& document, WatchedFiles& files,
                                                          SharedStates& states, Diagnostics& diagnostics) {
  const auto authority = authority_of(document, files, diagnostics);
  if (authority == nullptr) return {};
  ListenerCertificates made;
  made.proofs = states.find_or_make<ProofTable>(ProofTable::key, &std::make_shared<ProofTable>);
  const ShownNow shown(states);
  for (const config::AcmeNames& each : document.names) {
    made.managed.push_back(states.find_or_make<ManagedCertificate>(
        ManagedCertificate::key_of(each.names, *authority, document.challenge),
        [&] { return std::make_shared<ManagedCertificate>(each.names, document.challenge, authority); }));
    made.managed.back()->follow_upon(shown.of(each.names));
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
