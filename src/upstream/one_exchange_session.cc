// Beginning, failing and ending an exchange.
#include "upstream/one_exchange_session.h"

namespace weir {

void OneExchangeSession::begin(Lease lease) {
  invariant(holders_ == 0, "a leased session has no exchange in progress");
  lease_ = std::move(lease);
  holders_ = 1;
  clean_ = true;
  heard_ = false;
  upload_error_.reset();
  given_up_.reset();
  uploading_ = false;
  upload_progress_ = shard_.reactor.now();
  ++exchanges_;
}

// A broken connection to the upstream may still hold its answer; a broken client or a refused body ends the exchange
// now.
void OneExchangeSession::upload_failed(Error error) {
  condemn();
  const bool upstream_broke = error.origin == Origin::upstream;
  const bool stalled = upstream_broke && error.code == Code::timed_out;
  if (stalled) error.code = Code::upstream_write_timeout;
  upload_error_ = error;
  if (!upstream_broke || stalled) stream_->interrupt_receive(error);
}

// Whoever waits for the upstream is told at once; whoever waits for the client, when the answer is pulled next.
void OneExchangeSession::give_up(const Error& why) {
  if (holders_ == 0 || given_up_) return;
  condemn();
  given_up_ = why;
  stream_->interrupt_receive(why);
}

Result<void> OneExchangeSession::judge_received(const Result<std::size_t>& received, bool within_head,
                                                const UpstreamTimeouts& timeouts) {
  if (received && *received > 0) {
    heard_ = true;
    return {};
  }
  if (received) return fail(upstream_error(within_head ? Code::body_cut_short : Code::peer_closed));
  if (received.error().code != Code::timed_out) return fail(received.error());
  if (first_byte_left(timeouts) == Duration::zero()) return fail(upstream_error(Code::first_byte_timeout));
  return {};
}

// Nothing may be tried again once a byte of the answer was heard, and nothing while the upload still runs; a connection
// that had served before and was closed under us may simply have been too old.
Error OneExchangeSession::failure_of(Error error) const {
  if (upload_error_ && upload_error_->origin != Origin::upstream) return *upload_error_;
  if (given_up_) return given_up_->with(heard_ || uploading_ ? Retry::never : Retry::idempotent);
  if (uploading_) return error.with(Retry::never);
  const bool heard = heard_ && !fault(Fault::retry_after_response_began);
  const bool ended_unanswered = error.code == Code::peer_closed || error.code == Code::peer_reset;
  const bool took_too_long = error.code == Code::first_byte_timeout || error.code == Code::attempt_timeout;
  if (error.origin == Origin::upstream && !heard && error.retry == Retry::never &&
      (ended_unanswered || took_too_long)) {
    error.retry = Retry::idempotent;
  }
  return error;
}

void OneExchangeSession::let_go(bool clean) {
  clean_ &= clean;
  invariant(holders_ > 0, "a session is let go once by each holder");
  if (--holders_ > 0) {
    // The answer ended before the upload did: the upstream does not want the rest, and the connection is no use.
    if (uploading_) condemn();
    return;
  }
  const bool unharmed = clean_ || fault(Fault::reuse_after_anomaly);
  const bool quiet = inbox_.empty() || fault(Fault::reuse_unread_bytes);
  const bool healthy = unharmed && !upload_error_ && !gone_ && quiet;
  Lease lease = std::move(lease_);
  if (healthy) {
    inbox_.trim();  // a connection that waits owns no buffer
    lease.mark_healthy();
  }
  // The lease goes at the end of this scope; its owner may destroy this session.
}

// An upstream must never take a part of an upload for the whole, nor what is too much for the next request.
Result<void> OneExchangeSession::check_promise(std::optional<ByteCount> promised, const Piece& piece) {
  if (!promised) return {};
  if (piece.bytes.size() > *promised) return fail(client_error(Code::bad_length, "more content than was promised"));
  if (piece.end && piece.bytes.size() < *promised) return fail(client_error(Code::body_cut_short));
  return {};
}

void OneExchangeSession::on_activity(bool gone) {
  gone_ |= gone;
  if (holders_ == 0 && idle_watcher_ != nullptr) idle_watcher_->on_activity(gone);
}

}  // namespace weir
