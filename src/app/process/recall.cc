// What a process does with its past: which configuration it starts from, and going back to one that ran before.
#include <fmt/format.h>

#include "app/default_state.h"
#include "app/history/past_source.h"
#include "app/logging/error_log.h"
#include "app/process/process.h"
#include "app/time_text.h"

namespace weir {
namespace {

std::string brief(std::string_view hash) {
  return std::string(hash.substr(0, 7));
}

}  // namespace

void Process::open_past(Candidate& candidate) {
  const config::StateDocument& state = candidate.document.state;
  std::string folder = !options_.state.empty() ? options_.state : state.path;
  if (folder == "off") return;
  if (folder.empty()) folder = default_state_folder();
  state_folder_ = folder;
  past_warning_ = past_.open(folder, {.entries = state.entries, .bytes = state.size, .age = state.age});
  if (past_.key() == nullptr) return;
  hash_key_ = *past_.key();
  if (candidate.gateway == nullptr) return;
  // Secrets and files beside it are hashed as they were in the last life. Those are read once: thousands of
  // certificates take seconds.
  if (!candidate.document.secrets.empty())
    candidate = load(source_);
  else
    hash_beside(candidate.document);
}

/// A configuration of the past, compiled as if its files were still there. Without gateway when it cannot be.
Process::Candidate Process::load_past(const history::Entry& entry) {
  const auto texts = past_.texts_of(entry);
  if (!texts) {
    Candidate candidate;
    candidate.diagnostics.error({}, {}, fmt::format("configuration {}: {}", brief(entry.hash), texts.error()));
    return candidate;
  }
  history::PastSource past(*texts, source_);
  Candidate candidate = load(past);
  if (candidate.gateway != nullptr && candidate.document.hash.text() != entry.hash) {
    candidate.diagnostics.warning(
        {}, {},
        fmt::format("what ${{...}} in configuration {} stands for has changed since: it runs as {}", brief(entry.hash),
                    candidate.document.hash.brief()));
  }
  for (const std::string& name : history::changed_beside(past_.beside(entry), candidate.document.beside)) {
    candidate.diagnostics.warning({}, {},
                                  fmt::format("{} is not what it was when configuration {} ran: files beside a "
                                              "configuration are not kept, and are used as they are now",
                                              name, brief(entry.hash)));
  }
  return candidate;
}

// The file, if it is right; else what ran last. A file that was rolled back waits until somebody changes it, or asks
// for it by name: a crash or a reboot must not bring back what was taken away.
Process::Candidate Process::choose_start(Candidate candidate) {
  const history::Entry* held = candidate.gateway != nullptr ? past_.held_against(candidate.document) : nullptr;
  const history::Entry* chosen = candidate.gateway != nullptr ? held : past_.last();
  if (chosen == nullptr || (held == nullptr && options_.refuse_broken)) return candidate;
  const history::Entry entry = *chosen;
  Candidate past = load_past(entry);
  if (past.gateway == nullptr) {
    candidate.diagnostics.append(past.diagnostics);
    return candidate;
  }
  past.occasion = {.how = held != nullptr ? "rollback" : "last good", .by = "start", .instead_of = entry.instead_of};
  if (held != nullptr) {
    past.remark = fmt::format(
        "{} still says what was rolled back at {}: configuration {} runs instead; edit the file, or weir reload "
        "--force",
        options_.configuration_file, time_text(entry.when), brief(entry.hash));
    return past;
  }
  past.diagnostics.append(candidate.diagnostics);
  past.remark = fmt::format("{}: {}: the last good configuration {} of {} runs instead", options_.configuration_file,
                            candidate.diagnostics.summary(), brief(entry.hash), time_text(entry.when));
  return past;
}

/// The hash of what the files say now; empty when that cannot be read.
std::string Process::tree_of_files() {
  config::FileCache cache;
  Diagnostics diagnostics;
  const config::LoadedFiles loaded =
      config::load_files(options_.configuration_file, source_, cache, hash_key_, diagnostics);
  if (diagnostics.has_errors()) return {};
  return history::tree_of(history::with_absolute_names(config::texts_of(loaded)));
}

ReloadOutcome Process::refused(const std::string& why) {
  Diagnostics diagnostics;
  diagnostics.error({}, {}, why);
  return refused(diagnostics);
}

ReloadOutcome Process::roll_back(const RollbackRequest& request) {
  const std::shared_ptr<const Gateway> running = gateway();
  const auto entry = past_.target(request.hash, running->hash);
  if (!entry) return refused(entry.error());
  Candidate candidate = load_past(*entry);
  const std::string said = tree_of_files();
  candidate.occasion = {.how = "rollback", .by = request.by, .instead_of = said != entry->tree ? said : std::string()};
  if (!candidate.occasion.instead_of.empty()) {
    candidate.remark = fmt::format(
        "{} says something else and is not taken over until it is edited, or by weir reload "
        "--force",
        options_.configuration_file);
    candidate.diagnostics.warning({}, {}, candidate.remark);
  }
  return apply(std::move(candidate));
}

void Process::rollback(RollbackRequest request, std::move_only_function<void(ReloadOutcome)> done) {
  change_configuration([this, request = std::move(request)] { return roll_back(request); }, std::move(done));
}

// A drain is the end: listeners that opened now would take in what nobody is there for any more.
void Process::change_configuration(std::move_only_function<ReloadOutcome()> change,
                                   std::move_only_function<void(ReloadOutcome)> done) {
  control_.post([this, change = std::move(change), done = std::move(done)]() mutable {
    if (!draining_) surroundings_->tell_supervisor(SupervisorNews::reloading);
    const ReloadOutcome outcome = draining_ ? refused("weir is draining, and takes over nothing any more") : change();
    note_reload(outcome);
    if (!draining_) surroundings_->tell_supervisor(SupervisorNews::ready);
    if (done) done(outcome);
  });
}

ReloadOutcome Process::read_again(const ReloadRequest& request) {
  Candidate candidate = load(source_);
  candidate.occasion = {.how = "reload", .by = request.by, .instead_of = {}};
  const bool right = candidate.gateway != nullptr && !request.force;
  if (const history::Entry* held = right ? past_.held_against(candidate.document) : nullptr) {
    return refused(
        fmt::format("{} still says what was rolled back at {}; edit it, or take it over all the same with "
                    "weir reload --force",
                    options_.configuration_file, time_text(held->when)));
  }
  return apply(std::move(candidate));
}

void Process::history(std::move_only_function<void(HistoryAnswer)> done) {
  control_.post([this, done = std::move(done)]() mutable {
    done({.kept = past_.remembers(), .running = gateway()->hash, .entries = past_.told()});
  });
}

void Process::past_configuration(std::string hash, std::move_only_function<void(PastConfiguration)> done) {
  control_.post([this, hash = std::move(hash), done = std::move(done)]() mutable {
    PastConfiguration answer;
    const std::string running = gateway()->hash;
    const auto entry = past_.target(hash.empty() ? running : hash, running);
    if (!entry) {
      answer.problem = entry.error();
    } else if (auto texts = past_.texts_of(*entry)) {
      answer.entry = *entry;
      answer.files = std::move(*texts);
      answer.beside = past_.beside(*entry);
    } else {
      answer.problem = texts.error();
    }
    done(std::move(answer));
  });
}

}  // namespace weir
