// Putting logs, observers and handlers together.
#include "app/process/surroundings.h"

#include <algorithm>
#include <array>
#include <thread>

#include "app/admin/admin_handler.h"
#include "app/logging/error_log.h"
#include "app/logging/systemd.h"
#include "observers/access_log/access_log.h"
#include "observers/heavy_traffic/heavy_traffic.h"
#include "observers/route_metrics/route_metrics.h"
#include "observers/stories/stories.h"
#include "server/raw_streams.h"
#include "server/serve.h"

namespace weir {
namespace {

LogLevel level_of(config::ErrorLogDocument::Level level) {
  switch (level) {
    case config::ErrorLogDocument::Level::debug:
      return LogLevel::debug;
    case config::ErrorLogDocument::Level::info:
      return LogLevel::info;
    case config::ErrorLogDocument::Level::warning:
      return LogLevel::warning;
    case config::ErrorLogDocument::Level::error:
      return LogLevel::error;
  }
  return LogLevel::info;
}

AccessLogFormat format_of(const config::AccessLogDocument& log) {
  if (log.to == "off") return AccessLogFormat::off;
  return log.format == config::AccessLogDocument::Format::json ? AccessLogFormat::json : AccessLogFormat::combined;
}

}  // namespace

unsigned worker_count(const config::Document& document) {
  return document.workers != 0 ? document.workers : std::max(1U, std::thread::hardware_concurrency());
}

struct Surroundings::Parts {
  Parts(const config::Document& document, Operations& operations)
      : error_log(document.error_log.to, level_of(document.error_log.level)),
        access_writer(document.access_log.to),
        access_log(access_writer, format_of(document.access_log)),
        stories(document.stories, worker_count(document)),
        observers{&access_log, &routes, &heavy, &stories},
        traffic(observers),
        raw_streams(observers),
        admin(operations, &routes, &access_log, &stories, &heavy) {}

  ErrorLog error_log;
  LogWriter access_writer;
  AccessLog access_log;
  RouteMetrics routes;
  HeavyTraffic heavy;
  Stories stories;
  std::array<Observer*, 4> observers;
  Serve traffic;
  RawStreams raw_streams;
  AdminHandler admin;
};

Surroundings::Surroundings(const config::Document& document, Operations& operations)
    : parts_(std::make_unique<Parts>(document, operations)) {
  parts_->error_log.runs_under(document.hash.brief());
}
Surroundings::~Surroundings() = default;

void Surroundings::configure(const config::Document& document) {
  parts_->error_log.runs_under(document.hash.brief());
  parts_->error_log.configure(document.error_log.to, level_of(document.error_log.level));
  parts_->access_writer.redirect(document.access_log.to);
  parts_->access_log.set_format(format_of(document.access_log));
  parts_->stories.configure(document.stories);
}

Handler& Surroundings::traffic() {
  return parts_->traffic;
}
const RawStreams& Surroundings::raw_streams() {
  return parts_->raw_streams;
}
Handler& Surroundings::admin() {
  return parts_->admin;
}
ErrorLog& Surroundings::log() {
  return parts_->error_log;
}

void Surroundings::reopen_logs() {
  parts_->error_log.reopen();
  parts_->access_writer.reopen();
}

void Surroundings::flush_logs() {
  parts_->access_writer.flush(std::chrono::seconds{1});
  parts_->error_log.flush();
}

// Serving goes on without a log; that nobody notices is the mistake to avoid.
void Surroundings::report_log_problems() {
  parts_->access_writer.flush(std::chrono::milliseconds{200});
  if (const std::string problem = parts_->access_writer.problem(); !problem.empty()) {
    parts_->error_log.warning("access log: " + problem + "; requests are served, lines are lost");
  }
}

void Surroundings::tell_supervisor(SupervisorNews news) {
  switch (news) {
    case SupervisorNews::ready:
      systemd::ready("serving");
      return;
    case SupervisorNews::reloading:
      systemd::reloading();
      return;
    case SupervisorNews::stopping:
      systemd::stopping("draining");
      return;
  }
}

}  // namespace weir
