// G of Winograd's convolution, for the plain kernels and the vector ones: both transform weights in double precision.
#pragma once

static const double winograd_g2[4][3] = {{-1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
static const double winograd_g4[6][3] = {
    {64. / 81, 0, 0},
    {-128. / 243, -32. / 81, -8. / 27},
    {-128. / 243, 32. / 81, -8. / 27},
    {32. / 243, 16. / 81, 8. / 27},
    {32. / 243, -16. / 81, 8. / 27},
    {0, 0, 1},
};
