// SPDX-License-Identifier: GPL-2.0
/* The guest that subscribes to a channel: see ../ivc-subscriber.h. */
#include "ivc.h"
#include "../ivc-subscriber.h"
