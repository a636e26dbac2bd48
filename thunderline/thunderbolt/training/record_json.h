#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "thunderline/thunderbolt/training/record_view.h"

namespace thunderline::thunderbolt {

/// Appends a step as one line of JSON without a line end; keys in the order of the documentation:
/// id, source, episode, state, action, reward, next_state, terminated, truncated, propensity,
/// metadata. Numbers have round-trip precision; `reward` stands for the step's own.
void append_step_json(std::string& out, const StepView& step, std::optional<double> reward);

/// Reads such a line. `id` (nil then), `propensity` (1 then), `metadata`, `truncated`, `episode` and
/// `next_state` may be missing, `done` stands for `terminated`. The record's rules are not checked.
/// Errors: kBadData that says what is wrong: JSON (with the byte), depth, a key that comes twice, one
/// that is unknown, a type.
Result<Step> parse_step_json(std::string_view line);

/// Appends any record as `{"sequence":7,"kind":"step",…}`.
void append_record_json(std::string& out, uint64_t sequence, const RecordView& view);

/// Reads such a line.
Result<std::pair<uint64_t, LogRecord>> parse_record_json(std::string_view line);

}  // namespace thunderline::thunderbolt
