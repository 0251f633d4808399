/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's first user code: ends the machine at once, or (with any argument) never. */
#include <sys/reboot.h>
#include <unistd.h>

int main(int count, char **words)
{
	(void)words;
	while (count > 1)
		(void)pause();
	return reboot(RB_AUTOBOOT);
}
