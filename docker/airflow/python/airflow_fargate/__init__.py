"""What the image adds to Airflow and Celery. Tested by test/airflow/tests, with the versions in requirements.lock."""
