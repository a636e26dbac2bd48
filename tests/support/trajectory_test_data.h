#pragma once

// For tests: steps that are told apart by a number.

#include "thunderline/thunderbolt/training/trajectory_logger.h"

namespace thunderline::thunderbolt {

/// A UUID that holds `number`.
inline Uuid test_id(uint64_t number) {
  Uuid id;
  for (size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  id.bytes[6] = 0x70;
  return id;
}

/// The number of a `test_id`.
inline uint64_t test_number(const Uuid& id) {
  uint64_t number = 0;
  for (size_t i = 8; i < 16; ++i) number = number << 8 | id.bytes[i];
  return number;
}

/// A step with every field set, 40 floats wide. Precondition: number > 0.
inline Step test_step(uint64_t number) {
  Step step;
  step.id = test_id(number);
  step.source = "bit";
  step.episode = "episode-" + std::to_string(number);
  for (int i = 0; i < 40; ++i) {
    step.state.push_back(static_cast<float>(number) + 0.025f * static_cast<float>(i));
    step.next_state.push_back(step.state.back() / 2);
  }
  step.action = static_cast<int32_t>(number % 2);
  step.reward = 0.5;
  step.terminated = true;
  step.propensity = 0.25;
  step.metadata = "{\"tick\":" + std::to_string(number) + "}";
  return step;
}

}  // namespace thunderline::thunderbolt
