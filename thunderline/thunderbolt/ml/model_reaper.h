#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "thunderline/thunderbolt/ml/served_model.h"

namespace thunderline::thunderbolt {

/// Destroys models on a thread of its own, so that whoever happens to be the last user of an old one
/// does not pay for it. Thread-safety: any thread.
class ModelReaper {
 public:
  ModelReaper();
  ~ModelReaper();

  /// Gives a model to shared users; the last of them hands it to `reaper`. After `close` it is
  /// destroyed where it is released.
  static ModelPtr share(std::unique_ptr<const ServedModel> model,
                        const std::shared_ptr<ModelReaper>& reaper);

  /// Destroys what it was given and ends its thread.
  void close();

  /// Returns once everything handed over so far is destroyed.
  void wait_idle();

  /// Models destroyed so far.
  uint64_t destroyed() const;

 private:
  void take(std::unique_ptr<const ServedModel> model);
  void run();

  mutable std::mutex mutex_;  // Guards everything below but the thread.
  std::condition_variable changed_;
  std::vector<std::unique_ptr<const ServedModel>> waiting_;
  bool busy_ = false;
  bool closed_ = false;
  uint64_t destroyed_ = 0;
  std::thread thread_;
};

}  // namespace thunderline::thunderbolt
