/* A library that is called like Horovod's; its name is all that matters. */
int horovod_is_there(void);

int horovod_is_there(void)
{
    return 1;
}
