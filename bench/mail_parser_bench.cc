// Speed of the mail parser, in bytes of mail a second, and of the whole corpus.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "tests/support/inbox_corpus.h"
#include "thunderline/worlds/inbox/mail_channels.h"
#include "thunderline/worlds/inbox/mail_order.h"
#include "thunderline/worlds/inbox/mail_parser.h"

namespace thunderline::worlds::inbox {
namespace {

void parse_real_mails(benchmark::State& state) {
  std::vector<std::string> mails;
  for (const CorpusMail& mail : testing::inbox_corpus().mails) {
    mails.push_back(testing::inbox_corpus_file(mail.file));
  }
  int64_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& mail : mails) {
      benchmark::DoNotOptimize(channels_of(parse_mail(mail)));
      bytes += static_cast<int64_t>(mail.size());
    }
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(parse_real_mails)->Unit(benchmark::kMillisecond);

void load_whole_corpus(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(load_corpus(posix_file_system(), testing::inbox_corpus_folder()));
  }
}
BENCHMARK(load_whole_corpus)->Unit(benchmark::kMillisecond);

void draw_the_order(benchmark::State& state) {
  const Corpus& corpus = testing::inbox_corpus();
  for (auto _ : state) benchmark::DoNotOptimize(order_mails(corpus, 42, false));
}
BENCHMARK(draw_the_order)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace thunderline::worlds::inbox
