/* The numbers of errors are Linux's; where the last one is kept is Android's own. */
#pragma once
#include <bits/errno.h>
int *__errno(void);
#define errno (*__errno())
