// What it costs to judge what a client sends: by the frame, and by the byte of a text.
#include <benchmark/benchmark.h>

#include <string>

#include "filters/websocket/frame_judge.h"

namespace weir::websocket {
namespace {

constexpr unsigned whole_text = 0x81;
constexpr unsigned whole_binary = 0x82;

/// As many masked frames of `content` as one receive brings.
std::string received(unsigned first, const std::string& content) {
  constexpr std::string_view mask = "abcd";
  std::string frame{static_cast<char>(first)};
  if (content.size() < 126) {
    frame += static_cast<char>(0x80U | content.size());
  } else {
    frame += static_cast<char>(0x80U | 126U);
    frame += static_cast<char>(content.size() >> 8U);
    frame += static_cast<char>(content.size());
  }
  frame += mask;
  for (std::size_t at = 0; at < content.size(); ++at) frame += static_cast<char>(content[at] ^ mask[at % mask.size()]);
  std::string all;
  while (all.size() < 65'536) all += frame;
  return all;
}

void judge(benchmark::State& state, unsigned first, const std::string& content) {
  const std::string bytes = received(first, content);
  FrameJudge judge({.masked = true});
  std::int64_t messages = 0;
  for (auto _ : state) {
    const Judged judged = judge.next(bytes);
    benchmark::DoNotOptimize(judged.passed.data());
    messages += judged.messages;
  }
  state.SetItemsProcessed(messages);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void binary_frame_of_100_bytes(benchmark::State& state) {
  judge(state, whole_binary, std::string(100, 'x'));
}
void ascii_text_of_16_kib(benchmark::State& state) {
  judge(state, whole_text, std::string(16'384, 'x'));
}
void cyrillic_text_of_16_kib(benchmark::State& state) {
  std::string text;
  while (text.size() < 16'384) text += "\xd0\x9f\xd1\x80";
  judge(state, whole_text, text);
}
BENCHMARK(binary_frame_of_100_bytes);
BENCHMARK(ascii_text_of_16_kib);
BENCHMARK(cyrillic_text_of_16_kib);

}  // namespace
}  // namespace weir::websocket
