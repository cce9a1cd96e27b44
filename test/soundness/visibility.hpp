// A sample with its input and output shown as values or as commitments.
#pragma once

#include <vector>

#include "sample_net.hpp"

namespace mintmark::testing {

/// The sample's circuit with these visibilities, chunk counts adapted.
inline Sample with_visibility(Sample sample, Visibility input, Visibility output) {
    Circuit& c = sample.circuit;
    const std::size_t m = std::size_t{1} << c.mu;
    const auto chunks = [&](const Tensor& tensor, Visibility visibility) {
        const std::size_t lanes = std::size_t{1} << tensor.num_vars();
        return static_cast<std::uint16_t>(visibility == Visibility::kPublic ? 0
                                                                            : (lanes + m - 1) / m);
    };
    c.input = input;
    c.output = output;
    c.n_in = chunks(c.input_tensor(), input);
    c.n_out = chunks(c.output_tensor(), output);
    return sample;
}

/// The four combinations.
inline std::vector<Sample> with_every_visibility(const Sample& sample) {
    std::vector<Sample> out;
    for (const auto input : {Visibility::kPublic, Visibility::kCommitted})
        for (const auto output : {Visibility::kPublic, Visibility::kCommitted})
            out.push_back(with_visibility(sample, input, output));
    return out;
}

}  // namespace mintmark::testing
