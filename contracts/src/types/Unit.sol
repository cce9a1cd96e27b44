// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What a model charges for. The index is the place in a rate card and in a usage vector. Durations are counted in
/// milliseconds and priced per second; everything else is counted in pieces.
enum Unit {
    Call,
    InputToken, // read for the first time
    CachedInputToken, // read before and kept; not counted as InputToken
    OutputToken,
    ReasoningToken, // produced and not shown; not counted as OutputToken
    Embedding,
    Image,
    PixelStep, // width × height × steps, of all images
    AudioSecond,
    VideoSecond,
    GpuSecond,
    Day
}

/// @dev Length of a rate card and of a usage vector.
uint256 constant UNITS = 12;
