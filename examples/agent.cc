// An agent of your own: an actor that hears the bus and is started again when it fails.

#include <cstdio>
#include <latch>
#include <memory>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/thunderflow/actor.h"
#include "thunderline/thunderflow/mailbox.h"
#include "thunderline/thunderflow/supervisor.h"

using namespace thunderline;
using namespace thunderline::thunderflow;

namespace {

/// Greets; a message without text ends its life, and the next life goes on with what waits.
class Greeter final : public Actor<std::string> {
 public:
  explicit Greeter(std::latch& greeted) : greeted_(greeted) {}

  Status on_message(std::string name) override {
    if (name.empty()) return fail(ErrorCode::kInvalidArgument, "a name is missing");
    std::printf("hello, %s\n", name.c_str());
    greeted_.count_down();
    return {};
  }

 private:
  std::latch& greeted_;
};

}  // namespace

int main() {
  std::latch greeted(2);
  const auto mailbox = std::make_shared<Mailbox<std::string>>(16);
  const SystemClock clock;
  auto make = [&greeted]() -> Result<std::unique_ptr<Actor<std::string>>> {
    return std::make_unique<Greeter>(greeted);
  };
  std::vector<ChildSpec> agents;
  agents.push_back(actor_child<std::string>("greeter", RestartPolicy::kPermanent, mailbox, make));
  const auto supervisor = Supervisor::create(std::move(agents), Supervisor::Options{}, clock);
  if (!supervisor || !(*supervisor)->start()) {
    std::fprintf(stderr, "error: the supervisor did not start\n");
    return 1;
  }
  for (const char* name : {"Ada", "", "Grace"}) {
    if (!mailbox->push(std::string(name))) return 1;
  }
  greeted.wait();
  const uint64_t restarts = (*supervisor)->children().front().restarts;
  (*supervisor)->stop();
  std::printf("restarts: %llu\n", static_cast<unsigned long long>(restarts));
  return restarts == 1 ? 0 : 1;
}
