"""A rehearsal's client is patient with an api-server that is being replaced."""

import unittest
import unittest.mock

from rehearsal import api


class Patient(unittest.TestCase):
    def test_a_request_without_an_answer_is_made_again(self):
        clock = [0.0]
        answers = [api.ApiError("GET", "/dags", 0, "The read operation timed out"), "there"]

        def slow():
            clock[0] += api.ANSWER
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        with unittest.mock.patch.object(api.time, "monotonic", lambda: clock[0]), unittest.mock.patch.object(api.time, "sleep"):
            self.assertEqual(api.patient(slow), "there")
            answers += [api.ApiError("GET", "/dags", 0, "The read operation timed out")] * 9
            with self.assertRaisesRegex(api.ApiError, "GET /dags answered 0: The read operation timed out"):
                api.patient(slow)
        self.assertEqual(len(answers), 6)
