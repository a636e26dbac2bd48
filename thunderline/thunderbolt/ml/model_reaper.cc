#include "thunderline/thunderbolt/ml/model_reaper.h"

namespace thunderline::thunderbolt {

ModelReaper::ModelReaper() : thread_([this] { run(); }) {}

ModelReaper::~ModelReaper() { close(); }

ModelPtr ModelReaper::share(std::unique_ptr<const ServedModel> model,
                            const std::shared_ptr<ModelReaper>& reaper) {
  return {model.release(), [reaper](const ServedModel* last) {
            reaper->take(std::unique_ptr<const ServedModel>(last));
          }};
}

void ModelReaper::take(std::unique_ptr<const ServedModel> model) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      waiting_.push_back(std::move(model));
    } else {
      ++destroyed_;  // By the caller, at the end of this function.
    }
  }
  changed_.notify_all();
}

void ModelReaper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto batch = std::move(waiting_);
    waiting_.clear();
    busy_ = true;
    lock.unlock();
    const size_t count = batch.size();
    batch.clear();
    lock.lock();
    busy_ = false;
    destroyed_ += count;
    changed_.notify_all();
  }
}

void ModelReaper::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ModelReaper::wait_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty() && !busy_; });
}

uint64_t ModelReaper::destroyed() const {
  const std::lock_guard lock(mutex_);
  return destroyed_;
}

}  // namespace thunderline::thunderbolt
