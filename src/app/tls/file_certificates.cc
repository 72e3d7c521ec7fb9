// Reading the files, putting together what they are, and saying what is wrong with them.
#include "app/tls/file_certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "contracts/tls_findings.h"
#include "net/tls/authorities.h"
#include "net/tls/ocsp.h"
#include "net/tls/revocation.h"

namespace weir {
namespace {

std::string advice_for_must_staple(const tls::Identity& identity, const std::string& certificate) {
  const std::string address = tls::ocsp_address(identity.leaf());
  if (address.empty()) return "its authority answers nowhere: have it issued without must-staple";
  return fmt::format(
      "let a timer run: openssl ocsp -issuer ISSUER -cert {0} -url {1} -respout {0}.ocsp, and name that file: ocsp",
      certificate, address);
}

}  // namespace

std::shared_ptr<FileCertificates> FileCertificates::open(const config::TlsDocument& document, const Around& around,
                                                         WallTime now) {
  std::shared_ptr<FileCertificates> made(new FileCertificates(document, around));
  const std::lock_guard lock(made->looking_);
  for (const auto& each : made->managed_) each->follow(made->weak_from_this());
  made->read_files();
  for (const File& file : made->files_) around.files.note(file.path, file.bytes);
  if (!made->take_files(now, around.diagnostics)) return nullptr;
  const std::shared_ptr<const tls::ServerContext> context = made->put_together(now, around.diagnostics);
  if (context == nullptr) return nullptr;
  made->content_.publish(context);
  return made;
}

FileCertificates::FileCertificates(const config::TlsDocument& document, const Around& around)
    : document_(document),
      listener_(around.listener),
      tickets_(around.tickets),
      hellos_(around.hellos),
      answers_(document.fetch_ocsp ? around.answers : nullptr),
      tell_(around.files.tell()),
      managed_(around.managed),
      on_demand_(around.on_demand),
      challenges_(around.challenges) {
  for (const config::CertificateDocument& each : document_.certificates) {
    Files& files = pairs_.emplace_back();
    files.certificate = add_file(each.certificate, each.certificate_place, false);
    files.key = add_file(each.key, each.key_place, true);
    if (!each.ocsp.empty()) files.ocsp = add_file(each.ocsp, each.ocsp_place, false);
  }
  staples_.resize(pairs_.size());
  if (document_.clients) {
    authorities_ = add_file(document_.clients->authorities, document_.clients->place, false);
    if (!document_.clients->revocation.empty())
      revocation_ = add_file(document_.clients->revocation, document_.clients->place, false);
  }
  if (!document_.ticket_keys.empty()) ticket_keys_ = add_file(document_.ticket_keys, document_.ticket_keys_place, true);
}

std::size_t FileCertificates::add_file(const std::string& written, Place place, bool is_key) {
  const std::string path = path_beside(place, written);
  const auto known = std::ranges::find(files_, path, &File::path);
  const auto number = static_cast<std::size_t>(known - files_.begin());
  if (known == files_.end()) files_.emplace_back().path = path;
  files_[number].is_key |= is_key;
  return number;
}

/// \returns whether anything is new
bool FileCertificates::read_files() {
  bool news = false;
  for (File& file : files_) {
    const auto stamp = stamp_of_file(file.path);
    if (stamp && *stamp == file.stamp && file.unreadable.empty()) continue;
    const auto content = read_file(file.path, limits::tls_file_bytes);
    const std::string unreadable = content ? std::string() : content.error();
    if (content || unreadable != file.unreadable) {
      news = true;
      ++file.version;
    }
    file.unreadable = unreadable;
    if (!content) continue;
    file.bytes = content->bytes;
    file.stamp = content->stamp;
  }
  return news;
}

void FileCertificates::complain_of_rights(const File& file, Place named_at, const std::string& path,
                                          Diagnostics& diagnostics) const {
  constexpr std::uint32_t others = 0007;
  if (!file.is_key || (file.stamp.mode & others) == 0) return;
  diagnostics.warning(
      named_at, path,
      fmt::format("everybody on this machine may read the key {} (mode {:04o})", file.path, file.stamp.mode),
      fmt::format("chmod o= {}", file.path));
}

/// \returns  whether it can be read
bool FileCertificates::complain_of_unreadable(const File& file, Place named_at, const std::string& path,
                                              Diagnostics& diagnostics) {
  if (file.unreadable.empty()) return true;
  diagnostics.error(named_at, path, fmt::format("cannot read {}: {}", file.path, file.unreadable),
                    advice_for_unreadable(file.path, file.unreadable));
  return false;
}

std::shared_ptr<const tls::Identity> FileCertificates::read_identity(std::size_t number, WallTime now,
                                                                     Diagnostics& diagnostics) const {
  const config::CertificateDocument& written = document_.certificates[number];
  const File& certificate = files_[pairs_[number].certificate];
  const File& key = files_[pairs_[number].key];
  if (!complain_of_unreadable(certificate, written.certificate_place, written.path, diagnostics) ||
      !complain_of_unreadable(key, written.key_place, written.path, diagnostics))
    return nullptr;
  complain_of_rights(key, written.key_place, written.path, diagnostics);
  std::vector<tls::Finding> findings;
  auto identity = tls::Identity::read(certificate.bytes, key.bytes, now, findings);
  tell_findings(findings, certificate.path, key.path, diagnostics);
  return identity;
}

/// What its files make; if that is no good, what they made before, so that one site's mistake holds up no other's
/// renewal. Files that are as they were are neither read again nor complained of.
std::shared_ptr<const tls::Identity> FileCertificates::identity_of(std::size_t number, WallTime now,
                                                                   Diagnostics& diagnostics) {
  Files& pair = pairs_[number];
  const std::pair versions{files_[pair.certificate].version, files_[pair.key].version};
  if (std::exchange(pair.judged, versions) == versions) return pair.identity;
  if (auto identity = read_identity(number, now, diagnostics)) pair.identity = std::move(identity);
  return pair.identity;
}

/// Takes over what the files make together. \returns  false after errors that nothing makes up for: all stays as it was
bool FileCertificates::take_files(WallTime now, Diagnostics& diagnostics) {
  tls::ServerSettings settings{.oldest = document_.oldest,
                               .protocols = document_.protocols,
                               .tickets = document_.session_tickets ? tickets_ : nullptr,
                               .scope = listener_,
                               .early_data = document_.early_data ? hellos_ : nullptr,
                               .challenges = challenges_};
  bool good = take_clients(settings, now, diagnostics);
  good &= take_tickets(settings, diagnostics);
  for (std::size_t number = 0; number < pairs_.size(); ++number) {
    auto identity = identity_of(number, now, diagnostics);
    good = good && identity != nullptr;
    if (document_.certificates[number].is_default) settings.shown_by_default = number;
    settings.shown.push_back({.identity = std::move(identity)});
  }
  if (!good) return false;
  from_files_ = std::move(settings);
  if (revocation_) revocation_ends_ = tls::revocation_ends(files_[*revocation_].bytes);
  return true;
}

/// What the files made last, what was issued, and what is said of both.
std::shared_ptr<const tls::ServerContext> FileCertificates::put_together(WallTime now, Diagnostics& diagnostics) {
  tls::ServerSettings settings = from_files_;
  add_issued(settings, now);
  if (settings.shown.empty()) return nullptr;  // whoever read the configuration has said what is missing
  take_staples(settings, now, diagnostics);
  auto made = tls::ServerContext::make(settings);
  if (made) return *made;
  const bool files = !document_.certificates.empty();
  diagnostics.error(files ? document_.certificates.front().place : document_.acme->place,
                    files ? document_.certificates.front().path : document_.acme->path,
                    "these certificates cannot be used: " + made.error());
  return nullptr;
}

void FileCertificates::add_issued(tls::ServerSettings& settings, WallTime now) const {
  for (const auto& each : managed_) {
    for (auto& other : each->others()) {
      if (now < other->valid_until()) settings.shown.push_back({.identity = std::move(other)});
    }
    settings.shown.push_back({.identity = each->identity(now)});
  }
  if (on_demand_ == nullptr) return;
  for (const auto& each : on_demand_->all()) {
    if (each->facts()) settings.shown.push_back({.identity = each->identity(now)});
  }
  // Somebody has to be shown something before the first one is there.
  if (settings.shown.empty()) settings.shown.push_back({.identity = acme::stand_in({"on-demand.invalid"}, now)});
}

/// Whatever is wrong with what authorities say is a warning: without it clients believe certificates, too.
void FileCertificates::take_staples(tls::ServerSettings& settings, WallTime now, Diagnostics& diagnostics) {
  std::vector<Asked> asked;
  staple_ends_.reset();
  for (std::size_t number = 0; number < settings.shown.size(); ++number) {
    tls::Shown& shown = settings.shown[number];
    if (number < pairs_.size() && pairs_[number].ocsp) {
      shown.staple = read_staple(number, *shown.identity, now, diagnostics);
    } else if (Asked about = ask_about(shown.identity, now); about.question != nullptr) {
      if (now < about.word->staple.until) shown.staple = about.word->staple;
      complain_of_trouble(number, shown, about.word->trouble, diagnostics);
      asked.push_back(std::move(about));
    }
    if (shown.staple.answer.empty())
      complain_of_missing_staple(number, *shown.identity, diagnostics);
    else
      staple_ends_ = std::min(shown.staple.until, staple_ends_.value_or(shown.staple.until));
  }
  asked_ = std::move(asked);  // only now: questions that stay have been held all the time
}

/// What the file has to say of it; if that is no good, what it had to say before, as long as that holds.
const tls::Staple& FileCertificates::read_staple(std::size_t number, const tls::Identity& identity, WallTime now,
                                                 Diagnostics& diagnostics) {
  const auto judge = [&](std::string_view answer) {
    return tls::judge_ocsp(answer, identity.leaf(), identity.issuer(), now);
  };
  tls::Staple& kept = staples_[number];
  if (!kept.answer.empty() && judge(kept.answer).status != tls::CertificateStatus::good) kept = {};
  const File& file = files_[*pairs_[number].ocsp];
  const tls::OcspVerdict verdict = file.unreadable.empty() ? judge(file.bytes) : tls::OcspVerdict{};
  if (verdict.status == tls::CertificateStatus::good)
    kept = {.answer = file.bytes, .until = verdict.until};
  else
    complain_of_answer(file, document_.certificates[number], verdict, diagnostics);
  if (verdict.status == tls::CertificateStatus::revoked) kept = {};
  return kept;
}

/// Who was asked may have said something by now.
FileCertificates::Asked FileCertificates::ask_about(const std::shared_ptr<const tls::Identity>& identity,
                                                    WallTime now) const {
  Asked asked;
  if (answers_ != nullptr) asked.question = answers_->want(identity, now);
  if (asked.question != nullptr) asked.word = answers_->word(*asked.question);
  return asked;
}

/// Whether something was said that is not shown yet.
bool FileCertificates::has_heard() const {
  return std::ranges::any_of(asked_, [&](const Asked& each) { return answers_->word(*each.question) != each.word; });
}

void FileCertificates::complain_of_trouble(std::size_t number, const tls::Shown& shown, const std::string& trouble,
                                           Diagnostics& diagnostics) const {
  if (trouble.empty()) return;
  const bool in_file = number < pairs_.size();
  diagnostics.warning(
      in_file ? document_.certificates[number].certificate_place : document_.acme->place,
      in_file ? document_.certificates[number].path : document_.acme->path,
      fmt::format("the authority of {} says nothing that can be shown: {}", shown.identity->title(), trouble),
      shown.staple.answer.empty() ? "it is asked again"
                                  : "its last answer is shown as long as it holds; it is asked again");
}

/// What is issued for Weir is never such a certificate: nobody asked for that.
void FileCertificates::complain_of_missing_staple(std::size_t number, const tls::Identity& identity,
                                                  Diagnostics& diagnostics) const {
  if (number >= pairs_.size() || !tls::must_staple(identity.leaf())) return;
  diagnostics.warning(document_.certificates[number].certificate_place, document_.certificates[number].path,
                      fmt::format("the certificate of {} must not be believed without what its authority says of it "
                                  "(must-staple), and nothing is shown: clients refuse it",
                                  identity.title()),
                      advice_for_must_staple(identity, files_[pairs_[number].certificate].path));
}

void FileCertificates::complain_of_answer(const File& file, const config::CertificateDocument& written,
                                          const tls::OcspVerdict& verdict, Diagnostics& diagnostics) {
  if (!file.unreadable.empty())
    return diagnostics.warning(written.ocsp_place, written.path,
                               fmt::format("cannot read {}: {}; it is not shown", file.path, file.unreadable),
                               advice_for_unreadable(file.path, file.unreadable));
  const Place place{.file_name = intern_file_name(file.path), .line = 0, .column = 0};
  diagnostics.warning(place, written.path, fmt::format("this OCSP answer is not shown: {}", verdict.what),
                      verdict.advice);
}

/// What is asked of clients. \returns  false after an error
bool FileCertificates::take_clients(tls::ServerSettings& settings, WallTime now, Diagnostics& diagnostics) const {
  if (!document_.clients) return true;
  const config::ClientCertificatesDocument& clients = *document_.clients;
  const File& file = files_[*authorities_];
  if (!complain_of_unreadable(file, clients.place, clients.path, diagnostics)) return false;
  const std::vector<tls::Finding> of_authorities = tls::judge_authorities(file.bytes, now);
  tell_findings(of_authorities, file.path, file.path, diagnostics);
  if (std::ranges::any_of(of_authorities, &tls::Finding::error)) return false;
  if (revocation_) {
    const File& lists = files_[*revocation_];
    if (!complain_of_unreadable(lists, clients.place, clients.path + ".revocation", diagnostics)) return false;
    const std::vector<tls::Finding> findings = tls::judge_revocation(lists.bytes, file.bytes, now);
    tell_findings(findings, lists.path, lists.path, diagnostics);
    if (std::ranges::any_of(findings, &tls::Finding::error)) return false;
    settings.client_revocation = lists.bytes;
  }
  settings.clients = clients.mode;
  settings.client_authorities = file.bytes;
  settings.client_depth = clients.depth;
  settings.tells_upstreams = clients.forward;
  return true;
}

/// Keys that several machines share. \returns  false after an error
bool FileCertificates::take_tickets(tls::ServerSettings& settings, Diagnostics& diagnostics) const {
  if (!ticket_keys_) return true;
  const File& file = files_[*ticket_keys_];
  const Place named_at = document_.ticket_keys_place;
  const std::string path = document_.path + ".ticket_keys";
  if (!complain_of_unreadable(file, named_at, path, diagnostics)) return false;
  complain_of_rights(file, named_at, path, diagnostics);
  const auto keys = tls::TicketKeys::read(file.bytes);
  if (keys) {
    settings.tickets = *keys;
    if (document_.early_data)
      diagnostics.warning(document_.early_data_place, document_.path + ".early_data",
                          "machines that share ticket_keys do not know of each other's early data: a request may be "
                          "sent again to each of them once",
                          "leave one of the two out, unless such requests are harmless to your upstreams");
    return true;
  }
  diagnostics.error(named_at, path, fmt::format("{} holds no keys of tickets: {}", file.path, keys.error()),
                    fmt::format("openssl rand 80 > {}, and give all machines the same", file.path));
  return false;
}

const tls::ServerContext& FileCertificates::on(Shard& shard) {
  if (content_.look_is_due(shard.reactor.now())) {
    if (answers_ != nullptr) answers_->ask_what_is_due(shard, shard.reactor.wall_now());
    shard.executor.run([kept = shared_from_this(), now = shard.reactor.wall_now()] { kept->look_again(now); });
  }
  return *static_cast<const tls::ServerContext*>(content_.on(shard.id));
}

void FileCertificates::look_again(WallTime now) {
  const std::lock_guard lock(looking_);
  const bool changed = read_files();
  const bool heard = has_heard();
  const bool stale = staple_ends_ && now >= *staple_ends_;
  if (!changed && !heard && !stale) return tell_of_end(now);
  Diagnostics diagnostics;
  const bool good = !changed || take_files(now, diagnostics);
  const bool news = (changed && good) || heard || stale;
  const std::shared_ptr<const tls::ServerContext> made = news ? put_together(now, diagnostics) : nullptr;
  if (made != nullptr) content_.publish(made);
  if (!*tell_) return;
  if (!good || made == nullptr)
    (*tell_)(false,
             fmt::format("{}listener {}: certificates have changed and have mistakes; those before stay in force",
                         diagnostics.text(), listener_));
  else if (changed && diagnostics.has_errors())
    (*tell_)(false, fmt::format("{}listener {}: certificates have changed; in place of what has mistakes, those before "
                                "stay in force",
                                diagnostics.text(), listener_));
  else if (changed)
    (*tell_)(true, fmt::format("{}listener {}: certificates are read again, because a file has changed",
                               diagnostics.text(), listener_));
  else if (heard)
    (*tell_)(diagnostics.all().empty(), fmt::format("{}listener {}: authorities were asked about its certificates",
                                                    diagnostics.text(), listener_));
  else
    (*tell_)(false, fmt::format("{}listener {}: an OCSP answer has become stale, and is not shown any more",
                                diagnostics.text(), listener_));
}

Task<void> FileCertificates::prepare(Shard& shard, std::string name, Duration patience) {
  // An authority takes seconds: who waits for it looks ever more seldom, so that a thousand who wait cost little.
  constexpr Duration look_every_max = std::chrono::milliseconds{400};
  Duration look_every = std::chrono::milliseconds{25};
  const Time deadline = deadline_after(shard.reactor.now(), patience);
  if (on(shard).knows(name)) co_return;
  const std::shared_ptr<acme::ManagedCertificate> certificate = co_await on_demand_->certificate_for(shard, name);
  if (certificate == nullptr) co_return;
  certificate->follow(weak_from_this());
  // One that was issued before anybody here asked: of many clients the first sends somebody.
  if (certificate->facts() && !latest()->knows(name) && !taking_over_.exchange(true)) {
    shard.executor.run([kept = shared_from_this(), now = shard.reactor.wall_now()] {
      kept->taking_over_ = false;
      kept->certificate_changed(now);
    });
  }
  // It is being issued, or put in its place: whoever came first waits, and others with him.
  while (!on(shard).knows(name) && shard.reactor.now() < deadline) {
    if (certificate->has_just_failed()) co_return;  // it comes later, if at all
    if (!co_await Sleep(shard.reactor, std::min(look_every, deadline - shard.reactor.now()))) co_return;
    look_every = std::min(look_every * 2, look_every_max);
  }
}

/// An authority has issued another; who had it issued has told of it. Of many that change at once the first puts all
/// together, and once more for those that have changed meanwhile: nobody else waits for it.
void FileCertificates::certificate_changed(WallTime now) {
  unsigned seen = 1;
  if (changes_.fetch_add(1) > 0) return;
  do {
    show_issued(now);
  } while (!changes_.compare_exchange_strong(seen, 0));
}

void FileCertificates::show_issued(WallTime now) {
  const std::lock_guard lock(looking_);
  Diagnostics diagnostics;
  if (const std::shared_ptr<const tls::ServerContext> made = put_together(now, diagnostics))
    return content_.publish(made);
  if (*tell_)
    (*tell_)(false, fmt::format("{}listener {}: a new certificate cannot be shown; those before stay in force",
                                diagnostics.text(), listener_));
}

/// Lists that nobody replaces shut everybody out: said once.
void FileCertificates::tell_of_end(WallTime now) {
  if (!revocation_ends_ || now < *revocation_ends_) return;
  revocation_ends_.reset();
  if (!*tell_) return;
  Diagnostics diagnostics;
  tell_findings(tls::judge_revocation(files_[*revocation_].bytes, {}, now), files_[*revocation_].path, {}, diagnostics);
  (*tell_)(false,
           fmt::format("{}listener {}: a list of revoked certificates has expired", diagnostics.text(), listener_));
}

}  // namespace weir
