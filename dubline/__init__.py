"""dubline, the library: sound, picture and models; knows nothing of Prefect, SQL or HTTP."""
