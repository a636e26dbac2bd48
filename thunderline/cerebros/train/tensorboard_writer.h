#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "thunderline/base/clock.h"
#include "thunderline/base/file_system.h"
#include "thunderline/base/result.h"

namespace thunderline::cerebros::train {

/// Writes scalars as TensorBoard reads them: records of `Event` messages in a file
/// `events.out.tfevents.<unix seconds>.<host>.<process>.0`, each with its masked CRC-32C.
/// Source: TensorFlow's tsl/lib/io/record_writer.h and tensorflow/core/util/event.proto.
/// Thread-safety: one thread. Lifetime: the clock must outlive it.
class TensorboardWriter {
 public:
  /// Makes the folder and the file, which begins with the format's version.
  /// Errors: those of the file system.
  static Result<TensorboardWriter> create(FileSystem& files, const Clock& clock,
                                          const std::string& folder);

  /// Adds a point of the curve `tag`. Errors: those of the file.
  Status add_scalar(const std::string& tag, int64_t step, double value);

  Status close();

 private:
  TensorboardWriter(std::unique_ptr<WritableFile> file, const Clock& clock)
      : file_(std::move(file)), clock_(&clock) {}

  Status write_event(const std::string& content);

  std::unique_ptr<WritableFile> file_;
  const Clock* clock_;
};

}  // namespace thunderline::cerebros::train
