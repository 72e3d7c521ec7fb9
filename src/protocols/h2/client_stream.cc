// Heads, in the order in which they come.
#include "protocols/h2/client_stream.h"

namespace weir::h2 {

ClientStream::ClientStream(Exchange& exchange, const RequestHead& head, ChannelHost& host, StreamId id)
    : Channel(exchange.shard.reactor, host, id),
      exchange_(exchange),
      method_(head.method),
      tunnel_(!head.upgrade.empty()),
      head_arrival_(exchange.shard.reactor),
      trailers_(exchange.arena) {}

void ClientStream::section_began() {
  heard_ = true;
  // In a tunnel none may come (RFC 9113 section 8.5), and the configuration with its limits may be gone.
  if (final_ && tunnel_) return section_.reset();
  const Limits& limits = exchange_.snapshot->limits;
  if (final_) {
    section_.emplace(SectionKind::trailers, Origin::upstream, limits, trailers_);
    return;
  }
  incoming_ = exchange_.arena.make<ResponseHead>(exchange_.arena);
  section_.emplace(SectionKind::response, Origin::upstream, limits, incoming_->fields);
}

bool ClientStream::section_ended(bool end_of_stream) {
  if (!section_) {
    break_off(upstream_error(Code::protocol_violation));
    return false;
  }
  if (final_) {
    const Result<void> read =
        end_of_stream ? section_->finish_trailers() : Result<void>(fail(upstream_error(Code::bad_trailer)));
    const bool whole = read && arrived_last(trailers_.empty() ? nullptr : &trailers_);
    if (!whole) break_off(read ? upstream_error(Code::body_cut_short) : read.error());
    return whole;
  }
  const Result<void> read = section_->finish_response(*incoming_, method_, end_of_stream);
  if (!read) {
    break_off(read.error());
    return false;
  }
  if (heads_.size() > limits::interim_responses) {
    break_off(upstream_error(Code::too_many_interim));
    return false;
  }
  final_ = !is_interim(incoming_->status);
  if (final_) {
    tunnel_ = tunnel_ && incoming_->status / 100 == 2;
    if (incoming_->framing.kind == Framing::Kind::length && !tunnel_) declare(incoming_->framing.length);
    if (end_of_stream) arrived_last(nullptr);
  }
  heads_.push_back(incoming_);
  head_arrival_.raise();
  return true;
}

std::optional<Result<ResponseHead*>> ClientStream::next_head() {
  if (heads_.empty()) {
    if (broken()) return fail(*broken());
    return {};
  }
  ResponseHead* const head = heads_.front();
  heads_.pop_front();
  return head;
}

// What has come whole is given whole. An upload that is still under way ends with the answer.
void ClientStream::lose_connection(Error why) {
  if (!came_to_end()) break_off(why);
}

void ClientStream::break_off(Error why) {
  Channel::break_off(why);
  head_arrival_.raise();
}

}  // namespace weir::h2
